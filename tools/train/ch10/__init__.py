"""What chapter 10 reports."""
