"""What chapter 7 reports."""
