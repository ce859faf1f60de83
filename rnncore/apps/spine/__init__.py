"""What the applications share: options, runs, scores, refusals."""
