"""Train what the chapters report: python -m tools.train NAME, with --help."""

import sys
from importlib import import_module
from pathlib import Path

from tools.train import runner


def known_trainings() -> dict[str, str]:
    """The modules by the names of their trainings."""
    return {
        path.stem: f"tools.train.{path.parent.name}.{path.stem}"
        for path in Path(__file__).parent.glob("*/[a-z]*.py")
    }


def main() -> None:
    """Run one of the trainings by its name."""
    known = known_trainings()
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in known:
        sys.exit(f"NAME: expected one of {', '.join(sorted(known))}")
    runner.main(import_module(known[name]).TRAINING, sys.argv[2:])


if __name__ == "__main__":
    main()
