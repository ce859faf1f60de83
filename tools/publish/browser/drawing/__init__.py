"""What the browser's Python has in place of packages that it does not have."""
