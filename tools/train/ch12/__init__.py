"""What chapter 12 reports."""
