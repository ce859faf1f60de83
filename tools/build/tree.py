"""Write the tree at the top of CONTRIBUTING.md from what the folders say of themselves.

    python -m tools.build.tree            rewrite the block `tree`
    python -m tools.build.tree --check    fail where it is not what it should be

A package says what it is in the first sentence of its docstring; `SAID` has
the folders that hold no package.
"""

import argparse
import ast
import sys
from pathlib import Path

from rnncore.storage.files import whole_file
from tools import ROOT
from tools.generated_blocks import replace_block

GUIDE = ROOT / "CONTRIBUTING.md"
SAID = {
    "book": "The pages; they print the package, and run when they are built.",
    "solutions": "One text source per assignment: tasks, tests, known mistakes.",
    "exercises": "What learners get; generated from solutions/, never edited.",
    "examples": "Programs to copy: many processes, a cell of one's own, a capstone.",
    "schedules": "Course files of some chapters; `make course COURSE=...`.",
}
TOPS = (
    *("rnncore", "book", "solutions", "exercises", "grader"),
    *("tools", "schedules", "examples", "tests"),
)


def describe_folder(folder: Path) -> str:
    """Return the first sentence that a folder says of itself; '' if none."""
    package = folder / "__init__.py"
    if not package.exists():
        return SAID.get(folder.name, "")
    said = ast.get_docstring(ast.parse(package.read_text("utf-8"))) or ""
    return " ".join(said.split("\n\n")[0].split())


def draw_tree(root: Path) -> str:
    """Return the tree, two levels deep.

    Raises ValueError where a package has no docstring.
    """
    lines = []
    for top in TOPS:
        folders = [path.parent for path in (root / top).glob("*/__init__.py")]
        for depth, folder in enumerate([root / top, *sorted(folders)]):
            if not (said := describe_folder(folder)):
                raise ValueError(f"{folder}: expected a sentence, got no docstring")
            lines.append(f"{'  ' * bool(depth)}{folder.name + '/':14} {said}")
    return "\n".join(["```text", *lines, "```"])


def main(argv: list[str] | None = None) -> int:
    """Rewrite the block, or say that it is old; 1 if it is."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    before = GUIDE.read_text("utf-8")
    after = replace_block(before, "tree", draw_tree(ROOT))
    if parser.parse_args(argv).check:
        if before != after:
            print(f"{GUIDE.name} is old: python -m tools.build.tree")
        return int(before != after)
    with whole_file(GUIDE) as file:
        file.write(after.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
