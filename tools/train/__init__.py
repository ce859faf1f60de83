"""Train what the chapters report, into book/measurements/: a folder a chapter."""
