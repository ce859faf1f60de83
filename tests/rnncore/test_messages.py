"""What is refused is named first: "x: expected (T, B, 4), got (7, 2, 3)"."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import rnncore

PACKAGE = Path(rnncore.__file__).parent
# x: or path:line: or "line 3: "
NAMED = re.compile(r"[^:\n]+(:[^:\s]+)?: \S")
# another's message, with what is added
PASSED_ON = re.compile(r"(\{\}|\W)*")
FIELD = "{}"
READERS = {  # of a part of a file: who opened that says its name and the place
    "apps/forecast/panel.py",
    "apps/forecast/pipeline.py",
    "apps/forecast/steps.py",
    "apps/speech/folder.py",
    "apps/video/folder.py",
    "music/abc.py",
    "music/abc_fields.py",
    "music/abc_voice.py",
    "music/files.py",
    "music/midi.py",
    "storage/checkpoint.py",
    "storage/intake.py",
}


def read_text(node: ast.expr) -> str:
    """A message as its source has it, what is filled in as a field."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(read_text, node.values))
    if isinstance(node, ast.BinOp):
        return read_text(node.left) + read_text(node.right)
    return FIELD


def find_messages(source: str) -> Iterator[tuple[int, str]]:
    """The line and the text of whatever a module refuses."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Raise)
            and isinstance(node.exc, ast.Call)
            and ast.unparse(node.exc.func) in {"ValueError", "Refused"}
        ):
            yield node.lineno, "".join(map(read_text, node.exc.args))


def is_named(message: str) -> bool:
    """Whether it says first what is refused."""
    return bool(NAMED.match(message) or PASSED_ON.fullmatch(message))


@pytest.mark.parametrize(
    ("raised", "named"),
    [
        ('ValueError(f"x: expected 3, got {x}")', True),
        ('Refused(f"{path}:{line}: no note")', True),
        ('Refused(f"{path}: " + why)', True),
        ("Refused(str(error))", True),
        ('ValueError("expected 3, got 4")', False),
        ('Refused(f"{path} is empty")', False),
        ('ValueError("x:expected 3")', False),
    ],
)
def test_a_name_in_front_is_told_from_none(raised, named):
    ((_, message),) = find_messages(f"raise {raised}")
    assert is_named(message) is named


def test_every_message_names_first_what_is_refused():
    found = {
        path.relative_to(PACKAGE).as_posix(): list(
            find_messages(path.read_text("utf-8"))
        )
        for path in PACKAGE.rglob("*.py")
    }
    assert sum(map(len, found.values())) > 500
    bare = {
        name: unnamed
        for name, messages in found.items()
        if (unnamed := [one for one in messages if not is_named(one[1])])
    }
    assert bare.keys() == READERS, bare  # none that needs it no more
