"""What chapter 15 reports."""
