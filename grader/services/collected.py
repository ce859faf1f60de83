"""Whose a notebook is that nbgrader's zip_collect finds in an export."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from functools import cached_property

from nbgrader.plugins import FileNameCollectorPlugin

ANONYMOUS = "Participant"  # as Moodle calls everybody in anonymous marking


class ByName(FileNameCollectorPlugin):
    """The name that the export says, with its number where two have one name.

    The pattern's group `number` is that number, one for each learner.
    """

    def collect(self, submitted_file: str) -> dict[str, str] | None:
        """The groups of nbgrader's pattern in a file's path, or None."""
        found: dict[str, str] | None = super().collect(submitted_file)
        if found and found.get("number"):
            name = found["student_id"]
            if name == ANONYMOUS or len(self.numbers[name]) > 1:
                found["student_id"] = f"{name}_{found['number']}"
        return found

    @cached_property
    def numbers(self) -> dict[str, set[str]]:
        """The numbers of each name, in all that was extracted."""
        app, found = self.parent, defaultdict(set)
        for root, _, files in os.walk(
            app._format_collect_path(app.extracted_directory)
        ):
            for file in files:
                match = re.match(self.named_regexp, os.path.join(root, file))
                if match:
                    found[match["student_id"]].add(match["number"])
        for name, several in found.items():
            if len(several) > 1 and name != ANONYMOUS:
                folders = ", ".join(f"{name}_{number}" for number in sorted(several))
                self.log.warning(
                    "%d learners are called %s; their folders are %s",
                    len(several),
                    name,
                    folders,
                )
        return found
