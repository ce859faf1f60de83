"""What the browser's Python has in place of matplotlib and of MyST-NB."""
