"""What chapter 11 reports."""
