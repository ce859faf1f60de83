"""What happens in a film: classes or captions."""
