"""Train what the chapters report: python -m tools.train NAME, with --help.

With a page in place of NAME, such as ch05_clipping, it lists the commands that
made the page's numbers, each below the file in which it is defined. `capstone`
is both: alone it lists, `capstone '*'` trains all.
"""

import sys
from collections import defaultdict
from importlib import import_module
from pathlib import Path

from tools import ROOT, measurements
from tools.train import runner

START = "python -m tools.train "  # of a measurement's command


def known_trainings() -> dict[str, str]:
    """The modules by the names of their trainings."""
    return {
        path.stem: f"tools.train.{path.parent.name}.{path.stem}"
        for path in Path(__file__).parent.glob("*/[a-z]*.py")
    }


def find_commands(page: str) -> dict[str, list[str]]:
    """The commands of a page's measurements by the training's file.

    Those that are no training, such as `make bench`, are under "".
    """
    known, found = known_trainings(), defaultdict(list)
    entries = measurements.read(measurements.PATH / f"{page}.json").values()
    for command in sorted({entry["command"] for entry in entries}):
        file = ""
        if command.startswith(START):
            name = command.removeprefix(START).split()[0]
            file = known[name].replace(".", "/") + ".py"
        found[file].append(command)
    return dict(found)


def main() -> None:
    """Run one of the trainings by its name, or list those of a page."""
    known, pages = known_trainings(), set(measurements.PAGES)
    name, *rest = sys.argv[1:] or [""]
    if name in known and (rest or name not in pages):
        runner.main(import_module(known[name]).TRAINING, rest)
    elif name in pages:
        for file, commands in sorted(find_commands(name).items()):
            print("\n    ".join([file or "no training", *commands]))
    elif name in {path.stem for path in (ROOT / "book").glob("*.md")}:
        sys.exit(f"{name}: this page has no stored numbers of its own")
    else:
        names = ", ".join(sorted({*known, *pages}))
        sys.exit(f"NAME: expected a training or a page: {names}")


if __name__ == "__main__":
    main()
