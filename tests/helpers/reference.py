"""What the reference of the book says."""

import re

from tests.helpers import ROOT


def stable():
    """The modules that the reference promises."""
    text = (ROOT / "book" / "api.md").read_text()
    part = text.partition("## What is stable")[2].partition("\n## ")[0]
    return re.findall(r"^\| `(rnncore\.[\w.]+)` \|", part, re.MULTILINE)
