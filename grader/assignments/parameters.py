"""The values that an assignment's source leaves open, and how they are drawn.

A cell of the source names them, the usual one first:

    # %% parameters
    period = 7, 12
    gate = {"name": "forget", "letter": "f"}, {"name": "input", "letter": "i"}

`{{period}}` and `{{gate.letter}}` stand for a value in the rest of the source, in
text and in code alike; they are filled in before anything else reads it. One choice
for each parameter makes a variant. solutions/README.md says what may be left open.
"""

import ast
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import NoReturn

Value = str | int | float | dict[str, str | int | float]
Values = dict[str, Value]  # one for each parameter
Parameters = dict[str, list[Value]]  # the possible ones, the usual one first

CELL = re.compile(r"^# %% parameters *\n(.*?)(?=^# %%|\Z)", re.MULTILINE | re.DOTALL)
PLACE = re.compile(r"\{\{ *([^\W\d]\w*)(?:\.(\w+))? *\}\}")
ANOTHERS = "the values of another learner"  # what another's right answer is called


def read_parameters(text: str, file: str) -> Parameters:
    """The parameters of a source's text; none where it has no such cell.

    Raises ValueError, with file and line, where the cell says something else.
    """
    found = list(CELL.finditer(text))
    if not found:
        return {}
    above = text.count("\n", 0, found[0].start(1))
    if len(found) > 1:
        second = text.count("\n", 0, found[1].start()) + 1
        _refuse(file, second, "one cell of parameters", "a second")
    try:
        lines = ast.parse(found[0][1]).body
    except SyntaxError as error:
        _refuse(file, above + (error.lineno or 1), "Python", str(error.msg))
    parameters: Parameters = {}
    for line in lines:
        name, values = _read_line(line, file, above + line.lineno)
        if name in parameters:
            _refuse(file, above + line.lineno, "a name of its own", name)
        parameters[name] = values
    used = {place[1] for place in PLACE.finditer(text)}
    if unused := [name for name in parameters if name not in used]:
        _refuse(file, above, f"{{{{{unused[0]}}}}} in the source", "none")
    return parameters


def _read_line(line: ast.stmt, file: str, number: int) -> tuple[str, list[Value]]:
    """A parameter's name and its possible values."""
    expected = "`name = value, another`, of texts, numbers or dictionaries of these"
    match line:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Tuple() as values):
            pass
        case _:
            _refuse(file, number, expected, ast.unparse(line))
    try:
        found = list(ast.literal_eval(values))
    except ValueError:
        found = []
    if len(found) < 2 or not all(map(_is_value, found)):
        _refuse(file, number, expected, ast.unparse(line))
    if len({json.dumps(value, sort_keys=True) for value in found}) < len(found):
        _refuse(file, number, "values that differ", ast.unparse(line))
    if len({frozenset(v) if isinstance(v, dict) else None for v in found}) > 1:
        _refuse(file, number, "the same fields in each value", ast.unparse(line))
    return name, found


def _is_value(value: object) -> bool:
    """Whether it is a text of one line or a number, or some with names."""
    if isinstance(value, dict):
        parts = value.values()
        return bool(parts) and all(
            isinstance(name, str) and not isinstance(part, dict) and _is_value(part)
            for name, part in value.items()
        )
    if isinstance(value, str):
        return "\n" not in value and not PLACE.search(value)
    return isinstance(value, int | float) and not isinstance(value, bool)


def fill_in(text: str, values: Mapping[str, Value], file: str) -> str:
    """The text with the values in their places; as many lines as before.

    Raises ValueError, with file and line, where a place names no parameter.
    """

    def write(place: re.Match[str]) -> str:
        name, field = place[1], place[2]
        value = values.get(name)
        if isinstance(value, dict):
            value = value.get(field)
        elif field:
            value = None
        if value is None:
            line = text.count("\n", 0, place.start()) + 1
            _refuse(file, line, f"one of {list_places(values)}", place[0])
        return str(value)

    return PLACE.sub(write, text) if values else text


def list_places(values: Mapping[str, Value]) -> str:
    """How a source writes each value: {{period}}, {{gate.letter}}."""
    names = [
        f"{name}.{field}" if field else name
        for name, value in values.items()
        for field in (value if isinstance(value, dict) else [""])
    ]
    return ", ".join(f"{{{{{name}}}}}" for name in names)


def choose_usual(parameters: Parameters) -> Values:
    """The values of the text that everybody gets where nothing is drawn."""
    return {name: values[0] for name, values in parameters.items()}


def draw_values(parameters: Parameters, key: bytes) -> Values:
    """One value for each parameter; which, nobody can tell without the key.

    A parameter's draw does not depend on the others, nor on their order.
    """
    return {
        name: values[int.from_bytes(hmac.digest(key, name.encode(), "sha256")) % count]
        for name, values in parameters.items()
        if (count := len(values))
    }


def list_samples(parameters: Parameters) -> list[Values]:
    """A few variants, the usual first, in which each value stands once or more."""
    count = max(map(len, parameters.values()), default=1)
    return [
        {name: values[number % len(values)] for name, values in parameters.items()}
        for number in range(count)
    ]


def vary(
    values: Mapping[str, Value], parameters: Parameters, names: Iterable[str]
) -> Iterator[Values]:
    """The values, with every choice for the named parameters."""
    open_ones = [name for name in parameters if name in {*names}]
    for choice in product(*(parameters[name] for name in open_ones)):
        yield {**values, **dict(zip(open_ones, choice, strict=True))}


def fingerprint_values(values: Mapping[str, Value]) -> str:
    """What names a variant: twelve digits that say nothing of the secret."""
    text = json.dumps(values, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _refuse(file: str, line: int, expected: str, got: str) -> NoReturn:
    raise ValueError(f"{file}:{line}: expected {expected}, got {got}")
