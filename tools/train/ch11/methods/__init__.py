"""Networks and rules that chapter 11's trainings alone compare."""
