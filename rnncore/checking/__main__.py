"""python -m rnncore.checking NOTEBOOK."""

import sys

from rnncore.checking.client import main

sys.exit(main())
