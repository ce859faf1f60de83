"""What chapter 19 reports."""
