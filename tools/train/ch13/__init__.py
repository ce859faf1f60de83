"""What chapter 13 reports."""
