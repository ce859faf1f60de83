"""What serves the pages of several chapters."""
