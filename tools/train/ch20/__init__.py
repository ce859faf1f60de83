"""What chapter 20 reports."""
