"""What chapter 3 reports."""
