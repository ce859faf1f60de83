"""What chapter 16 reports."""
