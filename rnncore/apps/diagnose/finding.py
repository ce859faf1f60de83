"""What is said of a fault."""

from typing import NamedTuple


class Finding(NamedTuple):
    """A fault: its name, what was measured, the cure, where it is told,
    and the file and line of the user's where it acts.
    """

    name: str
    evidence: str
    cure: str
    section: str
    line: str = ""
