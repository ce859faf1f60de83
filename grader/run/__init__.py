"""Jobs: one submission each, in a separate process; then the record."""
