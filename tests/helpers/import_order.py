"""Which modules of tools/ a file imports."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.helpers import ROOT


def list_imports(path: Path) -> Iterator[str]:
    """The modules below tools/ by their dotted names, also those imported late."""
    for node in ast.walk(ast.parse(path.read_text("utf8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            if name.startswith("tools."):
                yield name if _is_module(name) else name.rpartition(".")[0]


def _is_module(name: str) -> bool:
    file = ROOT.joinpath(*name.split("."))
    return file.is_dir() or file.with_suffix(".py").exists()
