"""What chapter 17 reports."""
