"""What chapter 21 reports."""
