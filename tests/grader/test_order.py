"""The grader's folders import one way, in the order of the list that shows them."""

import ast
import re

import grader

FOLDER = grader.CODE / "grader"
ORDER = re.findall(r"^    (\w+)/ ", grader.__doc__, re.MULTILINE)


def imported(path):
    """The parts of the grader that a module imports."""
    names = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Import(names=found):
                names += [alias.name for alias in found]
            case ast.ImportFrom(module=str(module), names=found):
                names += [f"{module}.{alias.name}" for alias in found]
    return {n.split(".")[1] for n in names if n.startswith("grader.")}


def test_every_folder_is_in_the_list_once():
    there = {path.parent.name for path in FOLDER.glob("*/*.py")}
    assert sorted(ORDER) == sorted(there)


def test_no_folder_imports_a_later_one():
    modules = [FOLDER / "untrusted.py", *FOLDER.glob("*/**/*.py")]
    assert len(modules) > 100
    for path in modules:
        own = path.relative_to(FOLDER).parts[0]
        allowed = ORDER[: ORDER.index(own) + 1] if own in ORDER else []
        wrong = imported(path) & {*ORDER} - {*allowed}
        assert not wrong, f"{path}: {wrong}"
