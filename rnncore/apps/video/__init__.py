"""What happens in a film: classes or captions."""

TABLE = "captions.tsv"  # in a folder of films: what is said of them
