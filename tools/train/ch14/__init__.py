"""What chapter 14 reports."""
