"""What chapter 18 reports."""
