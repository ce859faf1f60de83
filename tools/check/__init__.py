"""What must hold before a change is kept: python -m tools.check."""
