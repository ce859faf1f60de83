"""One question over all learners: its page, and the marks that it enters."""
