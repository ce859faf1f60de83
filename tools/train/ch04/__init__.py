"""What chapter 4 reports."""
