"""Train what the chapters report, into book/measurements/."""
