"""Jobs: one submission each, in a process of its own; then the record."""
