"""What a failed check found, as a record; the one place that words it.

The record travels as it is: from a check to the gradebook's files, to a
learner's page and to `make check`. A hidden test's values are dropped from
its fields before anybody sees it.
"""

import builtins
import re
import traceback
from collections.abc import Container
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from rnncore.storage.files import ANSWERS
from rnncore.testing.checks_file import read_checks

PACKAGE = Path(__file__).parents[1]  # whose lines tell a learner nothing
KINDS = {  # what a check compares, and all that a hidden one says of it
    "value": "another value is expected",
    "shape": "another shape is expected",
    "dtype": "the arguments' dtype, library and device are expected",
    "kind": "another kind of result is expected",
    "count": "another number of results is expected",
    "refusal": "a ValueError is expected",
    "error": "an error was raised",
    "argument": "an argument was changed",
}
KIND_TEXTS = {  # kinds that need no name, and what they say without words
    "AssertionError": "a check failed that has no message",
    "NotImplementedError": "not written yet",
    "NotGraded": "not graded",
    "NotRun": "not run",
    "TimeLimit": "stopped at the time limit",
    "KernelDied": "the Python process ended",
    "ErrorStream": "the test printed to the error stream",
    "PartOfThePoints": "",
}
ADVICE = {  # what to try, by what was compared or by the kind
    "value": "Work the smallest case out on paper, print what your code "
    "gives line by line, and look for the first number that differs.",
    "shape": "Print the shape after each line of your code, and look for "
    "the first one that is not what you meant.",
    "dtype": "Make new arrays from the arguments: `xp.zeros_like(x)` keeps "
    "library, dtype and device, `np.zeros(...)` does not.",
    "kind": "Compare your `return` with the docstring: what is given back, "
    "and as what?",
    "count": "Compare your `return` with the docstring: how many results "
    "are there, and in which order?",
    "refusal": "Look at the arguments first, and raise a ValueError that "
    "says what was expected and what was given.",
    "error": "Call the function yourself with arguments of these shapes: "
    "the traceback names the line.",
    "argument": "Look for the line that writes into the argument, and let "
    "it make a new array.",
    "AssertionError": "Try this case in a cell of your own, and print what "
    "your code gives line by line.",
    "NotImplementedError": "Write the simplest version that gives the "
    "right shapes, run the test, and go on from what it says.",
    "NotGraded": "Hand the notebook in again as the text above says.",
    "NotRun": "Fix the cell that was stopped first: this one comes "
    "after it.",
    "TimeLimit": "Try the smallest sizes first, and look for a loop that "
    "never ends.",
    "KernelDied": "Restart the kernel, run the cells one by one, and look "
    "for the one that ends Python or fills the memory.",
    "ErrorStream": "Run the test yourself, and remove what makes it warn.",
    "PartOfThePoints": "Some of the points are yours: the text above says "
    "what is missing.",
}
OTHERS = {  # inputs that a hidden test may have, by the lost property
    "values": "Try inputs of your own: other sizes, larger and smaller "
    "numbers, and each case that the text names.",
    "gradients": "Compare your gradients with finite differences, for "
    "inputs of your own.",
    "dtype": "Try arguments in float32, and in torch.",
    "sizes": "Try one step, one sequence, one unit, all sizes unequal.",
    "arguments": "Print the arguments before and after your call.",
    "refusals": "Try bad input from each side: too small, too large, of "
    "the wrong kind.",
}
MISSING = re.compile(r"name '(\w+)' is not defined")  # of a NameError
OLD_NAMES = {"came": "got", "all_came": "all_got"}  # of fields, in records
TRANSLATED = {  # what a library says, and what helps here
    r"with a bool tensor": "In torch a bool is no number: make one of it "
    "first, `xp.astype(mask, x.dtype)`.",
    r"expected .* same dtype|expected scalar type": "torch multiplies "
    "arrays of one dtype alone: make yours from the arguments, as "
    "`xp.zeros_like(x)` does.",
    r"'numpy.ndarray' and 'Tensor'|'Tensor' and 'numpy.ndarray'|use "
    r"np.concatenate|Cannot interpret 'torch|'Tensor' .*astype'": "NumPy's "
    "functions make arrays of NumPy: those of `xp` keep the arguments' "
    "library (`xp.concat`, `xp.astype(a, dtype)`).",
    r"can't convert .* tensor to numpy|Tensor.cpu\(\)": "NumPy cannot read "
    "this torch array: use the functions of `xp`.",
    r"leaf Variable that requires grad": "torch lets nobody write into "
    "this array: make a new one.",
    r"could not be broadcast|must match the size of tensor": "Print the "
    "shapes of both: an axis that one of them lacks is added by "
    "`[..., None]`, and two in the wrong order are exchanged by `.T`.",
    r"^(list|tuple) is not a supported array type": "A list or a tuple "
    "stands where an array is due: `xp.stack` makes one array of several, "
    "and h is the first of a state, `state[0]`.",
    r"all input arrays must have the same shape|expects each tensor to be "
    r"equal size": "Print the shape of each array that is stacked. Is one "
    "the whole state, a tuple, where its h is due, `state[0]`?",
}


class Place(NamedTuple):
    """Where the book explains a task."""

    page: str
    title: str
    anchor: str = ""

    @property
    def file(self) -> str:
        """The page as the book's site has it."""
        return f"{self.page}.html" + (self.anchor and f"#{self.anchor}")


class Failure(NamedTuple):
    """What failed. An empty field says nothing."""

    kind: str = "AssertionError"  # the error's type, or one of KIND_TEXTS
    about: str = ""  # of a comparison: one of KINDS
    what: str = ""  # was compared, in the test's words: "d_h"
    at: tuple[int, ...] = ()  # where in it
    expected: str = ""
    got: str = ""  # instead; of an error, its message
    all_expected: str = ""  # a small array in full, in lines
    all_got: str = ""  # instead; a * follows what differs
    function: str = ""  # that was called
    call: str = ""  # with what: "called with d_h (2, 3)"
    changed: str = ""  # the argument that was changed
    done: str = ""  # what was done to it: "took entries out of its ..."
    why: str = ""  # the test's or the grader's own words about it
    mistake: str = ""  # the known one that gives this
    line: int = 0  # of the cell
    costs: str = ""  # the property whose points this costs
    read: Place | None = None  # where the book explains it
    hidden: bool = False  # it arose in a hidden test

    @property
    def checked(self) -> str:
        """What was compared, with the index: d_h[2, 1]."""
        at = ", ".join(map(str, self.at))
        return f"{self.what}[{at}]" if at else self.what

    @property
    def came(self) -> str:
        """What `got` was called when the first capstones were released."""
        return self.got

    def masked(self) -> "Failure":
        """The record of a hidden test, without the test's values.

        What the test says in its own words stays: the name of what was
        compared, the argument's name, why it matters, the mistake.
        """
        found = getattr(builtins, self.kind, None)
        known = isinstance(found, type) and issubclass(found, Exception)
        return self._replace(
            kind=self.kind
            if known or self.kind in KIND_TEXTS
            else "Exception",
            at=(),
            expected="",
            got="",
            all_expected="",
            all_got="",
            call="",
            changed=_argument(self.changed),
            done=self.done.replace(self.changed, _argument(self.changed)),
            hidden=True,
        )

    def as_json(self) -> dict[str, Any]:
        """The fields that say something, as JSON can write them."""
        default = self._field_defaults
        fields = self._asdict().items()
        return {k: v for k, v in fields if v != default[k]}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "Failure":
        """The record that `as_json` wrote, in this version or before."""
        fields = {
            OLD_NAMES.get(name, name): fields[name] for name in fields
        }
        read, at = fields.get("read"), fields.get("at", ())
        made = {"at": tuple(at), "read": read and Place(*read)}
        return cls(**{**fields, **made})


class CheckFailure(AssertionError):
    """A check failed; its text is what the record says."""

    def __init__(self, failure: Failure):
        super().__init__(render(failure))
        self.failure = failure

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the answer's own lines, and the text.

        The check's line says nothing, and its cell is folded.
        """
        lines = []
        if cause := self.__cause__:
            for frame in traceback.extract_tb(cause.__traceback__):
                path = Path(frame.filename)
                if PACKAGE in path.parents or "IPython" in path.parts:
                    continue
                lines.append(f"line {frame.lineno}: {frame.line}")
            lines.append(f"{type(cause).__name__}: {text_of(cause)}")
        lines.append(str(self))
        way = name_answer(Path.cwd(), self.failure.function)
        return [*lines, way] if way else lines


def name_answer(folder: Path, task: str) -> str:
    """Where a task has its solution, beside the notebook; or nothing."""
    path = folder / ANSWERS
    if not path.is_file():
        return ""
    known = f'"{task}":'.encode() in path.read_bytes()
    command = f"make answer {folder.name} TASK={task if known else 'NAME'}"
    return f"After two tries of your own, `{command}` shows ours."


def translated(message: str) -> str:
    """What a library's message means here; empty if it needs no word."""
    for pattern, says in TRANSLATED.items():
        if re.search(pattern, message):
            return says
    return ""


def failure_of(error: BaseException) -> Failure:
    """The record of an error, wherever it was raised."""
    if isinstance(error, CheckFailure):
        return error.failure
    kind = type(error).__name__
    if isinstance(error, AssertionError):
        kind = "AssertionError"
    return Failure(kind, got=text_of(error).strip())


def text_of(error: BaseException) -> str:
    """An error's text, or that it cannot be had.

    A learner's class may raise there, and so does a number too long.
    """
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - whatever its class does
        return "an error whose text cannot be told"


def explain_missing(failure: Failure, tests: Container[str]) -> Failure:
    """The record, which says so if an answer lacks a name that tests make.

    `tests` holds names that none of the notebook's own cells makes.
    """
    missing = MISSING.search(failure.got)
    if failure.kind != "NameError" or not missing:
        return failure
    if missing[1] not in tests:
        return failure
    says = (
        f"{failure.got}. A test makes {missing[1]}, and no cell of yours "
        "does: import or define it in one"
    )
    return failure._replace(got=says)


def render(failure: Failure) -> str:
    """The record in words."""
    function, why = failure.function, failure.why
    lines = [_first_line(failure)]
    if failure.hidden:
        lines[0] += " (in a hidden test, whose values are not shown)"
    if failure.mistake:
        lines.insert(0, f"A known mistake: {failure.mistake}")
    if why and failure.about:
        lines.append(why)
    if failure.changed and failure.about != "argument":
        lines.append(f"{function} also {_changed(failure)}")
    if failure.call:
        lines.append(f"({function} was {failure.call})")
    return "\n".join(lines)


def next_step(failure: Failure) -> str:
    """What to try next, in a sentence or two."""
    if failure.mistake:
        return "Fix this one mistake, and run the test again."
    step = ADVICE.get(failure.about or failure.kind, ADVICE["error"])
    if failure.hidden:
        step = f"{OTHERS.get(failure.costs, OTHERS['values'])} {step}"
    return step


def _first_line(failure: Failure) -> str:
    kind, about, got = failure.kind, failure.about, failure.got
    if about == "error":
        return f"{failure.function} raised {_joined(kind, got)}"
    if about == "argument":
        return f"{failure.function} {_changed(failure)}"
    if about and failure.hidden:
        return _joined(failure.what, KINDS[about])
    if about:
        expected = f"expected {failure.expected}, got {got}"
        return f"{failure.checked}: {expected}"
    if kind not in KIND_TEXTS:
        return _joined(kind, failure.why, got)
    if kind == "AssertionError" and failure.hidden:
        return failure.why or "a check failed"
    return _joined(failure.why, got) or KIND_TEXTS[kind]


def _joined(*parts: str) -> str:
    return ": ".join(filter(None, parts))


def _argument(path: str) -> str:
    """The name of the argument that a path leads into."""
    return path.partition("[")[0].partition(".")[0]


def _changed(failure: Failure) -> str:
    if failure.done and not failure.done.endswith(" in place"):
        return f"{failure.done}: the caller still needs it as it was"
    return (
        f"changed its argument {failure.changed} in place: the caller "
        "still needs it (`a = a + b` makes a new array, `a += b` does not)"
    )


def places(path: Path) -> dict[str, Place]:
    """Where the book explains each task, by an assignment's checks."""
    if not path.exists():
        return {}
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=100)
def _read(path: Path, _changed: int) -> dict[str, Place]:
    explained = read_checks(path).get("explained", {}).items()
    return {task: Place(**place) for task, place in explained}
