"""Checks a notebook: python -m rnncore.checking NOTEBOOK."""

import sys

from rnncore.checking.client import main

if __name__ == "__main__":
    sys.exit(main())
