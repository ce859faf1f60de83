"""What every tree that leaves the repository has in common."""

import shutil
from collections.abc import Collection

LEFT_OUT = shutil.ignore_patterns(
    *("__pycache__", ".ipynb_checkpoints", "kernel-ipc-*"),
    *(".ruff_cache", ".mypy_cache", ".pytest_cache"),
)
SECRETS = (
    ("### BEGIN SOLUTION", "### END SOLUTION"),
    ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"),
)


def learners_makefile(makefile: str, targets: Collection[str]) -> str:
    """The Makefile with these targets alone."""
    kept = []
    for paragraph in makefile.split("\n\n"):
        first = paragraph.lstrip("\n").split("\n")[0]
        target = first.split(":")[0]
        rule = ":" in first and not first.startswith((".", "#"))
        if rule and target not in (*targets, "$(STAMP)"):
            continue
        lines = []
        for line in paragraph.split("\n"):
            if line.startswith(".PHONY"):
                line = f".PHONY: {' '.join(targets)}"
            if not line.startswith("DEV"):  # what only authors and tests install
                lines.append(line)
        kept.append("\n".join(lines))
    return "\n\n".join(kept).rstrip("\n") + "\n"


def split_secrets(text: str) -> tuple[str, str]:
    """The lines between a secret's marks, and all others."""
    hidden: list[str] = []
    visible: list[str] = []
    end = None
    for line in text.split("\n"):
        start = next((e for b, e in SECRETS if b in line), None)
        if start:
            end = start
        elif end and end in line:
            end = None
        else:
            (hidden if end else visible).append(line)
    return "\n".join(hidden), "\n".join(visible)
