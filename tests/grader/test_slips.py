"""Slips are made from a solution's syntax tree, whatever its task is."""

import ast
import json

import pytest

from grader import ROOT
from grader.assignments.builder import diff_folders
from grader.assignments.expected_results import compute_checks
from grader.assignments.slips import edits as slips
from grader.assignments.slips.edits import list_slips
from grader.assignments.source import read
from rnncore.storage.files import CHECKS
from rnncore.testing.checks_file import pack_checks


def cell(*lines, given="", arguments="a, b"):
    written = "".join(f"    {line}\n" for line in lines)
    return (
        f"def task({arguments}):\n{given}    ### BEGIN SOLUTION\n"
        f"{written}    ### END SOLUTION\n"
    )


def kinds(solution):
    """By the kind, what the lines of the solution become."""
    found = {}
    for slip in list_slips(solution):
        body = ast.parse(slip.now).body[0].body
        text = "; ".join(map(ast.unparse, body))
        found.setdefault(slip.says, set()).add(text)
    return found


@pytest.mark.parametrize(
    ("line", "kind", "becomes"),
    [
        ("return a - b", slips.SIGN, "return a + b"),
        ("return a - b", slips.TERM, "return -b"),
        ("return a - b", slips.EXCHANGED, "return b - a"),
        ("return a - b", slips.TWICE, "return a - 2 * b"),
        ("return -a", slips.SIGN, "return a"),
        ("return a * b", slips.FACTOR, "return b"),
        ("return a * b", slips.INVERSE, "return a / b"),
        ("return a / b", slips.EPSILON, "return a / (b + 1e-07)"),
        ("return a ** 2", slips.SQUARED, "return a"),
        ("return a ** 0.5", slips.FUNCTION, "return a"),
        ("return log(a)", slips.FUNCTION, "return a"),
        ("return a.sum()", slips.REDUCTION, "return a.mean()"),
        ("return f(a, axis=1)", slips.AXIS, "return f(a, axis=0)"),
        ("return a @ b", slips.TRANSPOSED, "return a @ b.T"),
        ("return a.T", slips.TRANSPOSED, "return a"),
        ("return a[1:]", slips.OFF_BY_ONE, "return a[2:]"),
        ("return len(a)", slips.OFF_BY_ONE, "return len(a) - 1"),
        ("return a < b", slips.BORDER, "return a <= b"),
        ("return a and b", slips.CONDITION, "return a or b"),
        ("return a * (1 - a * a)", slips.SLOPE, "return a * (a * (1 - a))"),
        ("return b * a * (1 - a)", slips.SLOPE, "return b * (1 - a * a)"),
        ("return a", slips.VARIABLE, "return b"),
        ("return a", slips.ZERO, "return 0 * a"),
        ("return a", slips.FIRST, "return a[:1, ...]"),
    ],
)
def test_an_expression_has_its_slips(line, kind, becomes):
    assert becomes in kinds(cell(line))[kind]


@pytest.mark.parametrize(
    ("kind", "becomes"),
    [
        (slips.LINE, "for x in b:\n    a = a + x; return a"),
        (
            slips.AGAIN,
            "a = a * 2; a = a * 2; for x in b:\n    a = a + x; return a",
        ),
        (slips.LOOP, "for x in b:\n    a = a * 2\n    a = a + x; return a"),
        (
            slips.ORDER,
            "_old = a; a = a * 2; for x in b:\n    a = _old + x; return a",
        ),
    ],
)
def test_lines_have_their_slips(kind, becomes):
    made = kinds(
        cell("a = a * 2", "for x in b:", "    a = a + x", "return a")
    )
    assert becomes in made[kind]


def test_what_is_given_and_what_a_while_asks_stays():
    given = "    n = a - 1\n"
    solution = cell(
        "while n > 0:", "    n = n - 1", "return n", given=given
    )
    for slip in list_slips(solution):
        assert "n = a - 1" in slip.now
        assert "while n > 0:" in slip.now or "while" not in slip.now


def test_each_runs_only_once_and_is_no_solution():
    solution = cell("a = a + a", "return a - b")
    made = [slip.now for slip in list_slips(solution)]
    assert len({*made}) == len(made)
    assert ast.unparse(ast.parse(solution)) not in made


def test_no_text_about_a_slip_shows_the_solution():
    solution = cell("very_own_name = a * b", "return very_own_name")
    assert all("very_own" not in slip.says for slip in list_slips(solution))


@pytest.mark.slow
def test_a_build_keeps_slips_apart_from_known_mistakes(monkeypatch):
    monkeypatch.chdir(ROOT / "exercises/ch03_bptt")  # its hunt has boxes
    made = compute_checks(read("ch03_bptt"))["residual_cell_vjp"]
    assert slips.SQUARED in made["slips"] or slips.FACTOR in made["slips"]
    assert not {m["says"] for m in made["mistakes"]} & {*made["slips"]}


BUILT = {
    "results": [{"array": [[534.15539394247, -0.5]]}, {"array": 12.490757}],
    "mistakes": [
        {"says": "no", "sketches": [["array", [2], 9.83208, 0.1]]}
    ],
    "slips": {"one sign": [[3, 2.757, -0.00073843, -0.74054]]},
}


@pytest.mark.parametrize(
    ("was", "now", "same"),
    [
        ("47,", "45,", True),  # 11 decimals of a result
        ("12.490757", "12.49075700001", True),  # without axes
        ("12.490757", "12.490758", False),
        ("9.83208", "9.83209", True),  # the six of a fingerprint
        ("-0.00073843", "-0.00073846", True),  # cancelled, beside 2.757
        ("534.155393", "534.155392", False),
        ("9.83208", "9.83228", False),
        ("-0.00073843", "-0.00078", False),
        ("[3,", "[2,", False),
        ('"no"', '"yes"', False),
        ("-0.5", '"inf"', False),
        (", -0.74054", "", False),
        ("one sign", "two signs", False),
    ],
)
def test_rounding_on_another_processor_makes_no_build_stale(
    tmp_path, was, now, same
):
    text = json.dumps(BUILT)
    assert text.count(was) == 1
    for name, held in (("a", text), ("b", text.replace(was, now))):
        (tmp_path / name).mkdir()
        (tmp_path / name / CHECKS).write_bytes(pack_checks(held))
    diff = [*diff_folders(tmp_path / "a", tmp_path / "b")]
    assert (diff == []) == same
