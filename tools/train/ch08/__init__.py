"""What chapter 8 reports."""
