"""What chapter 22 reports."""
