"""Where a learner's code runs: a sandbox, and processes forked in it."""
