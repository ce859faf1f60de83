"""What chapter 5 reports."""
