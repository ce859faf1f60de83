"""The command: `python -m tools.bench.parallel`, with --help."""

import sys

from tools.bench.parallel.by_length import main

if __name__ == "__main__":
    sys.exit(main())
