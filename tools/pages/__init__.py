"""What the sources of the pages say: read, numbered, cut and woven."""
