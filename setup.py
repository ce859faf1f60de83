"""What pyproject.toml cannot say: the live figures come from the book."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

LIVE = Path("book", "_static", "live")


class BuildWithFigures(build_py):
    """The package, and in it the modules that the pages show."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:  # they are found beside the package
            return
        shutil.copytree(
            LIVE,
            Path(self.build_lib, "rnncore", "live"),
            ignore=shutil.ignore_patterns("data", "stills", "sizes.json"),
            dirs_exist_ok=True,
        )


setup(cmdclass={"build_py": BuildWithFigures})
