"""What an assignment asks for is printed nowhere; a leak would be seen."""

import ast
from collections import Counter

import pytest

from tools.check import answers
from tools.check.normal_form import find_expressions

TASKS = {cell.name: cell for cell in answers.list_solutions()}
RENAMED = """
def small_gate_unit(weights, now, before):
    lib = np
    from_input = now @ weights.W_x.T
    from_input = from_input + weights.b_x
    keep_in, cand_in = gates(from_input, 2)
    back = before @ weights.W_h.T + weights.b_h
    keep_back, cand_back = gates(back, 2)
    total = keep_in + keep_back
    keep = sigmoid(total)
    reset = keep * cand_back
    cand = lib.tanh(reset + cand_in)
    written = keep * cand
    old = 1.0 - keep
    out = old * before + written
    return out, (keep, cand, cand_back, before)
"""
AS_A_CELL = '''
def mgu_cell(a_x, a_h, state):
    """A minimal gated unit (Zhou et al., 2016), reset after the product."""
    (h,) = state
    x_f, x_n = gates(a_x, 2)
    h_f, m = gates(a_h, 2)
    f = sigmoid(x_f + h_f)
    n = array_namespace(a_x).tanh(x_n + f * m)
    h_new = (1 - f) * h + f * n
    return (h_new,), (f, n, m, h)
'''


@pytest.fixture(scope="module")
def course():
    return answers.read_course()


@pytest.fixture(scope="module")
def known():
    """All answers, by their tasks' names."""
    return {a.task: a for a in answers.read_answers()}


@pytest.fixture
def plant(tmp_path):
    """A course of one module and one page, to plant an answer in."""

    def made(module="", page=""):
        (tmp_path / "rnncore").mkdir()
        (tmp_path / "book").mkdir()
        (tmp_path / "rnncore" / "new.py").write_text(module)
        (tmp_path / "book" / "ch07_gru.md").write_text(page)
        return answers.read_course(tmp_path)

    return made


@pytest.mark.slow  # the check `answers` says the same each time
def test_no_answer_is_printed(course):
    found = answers.compare(course)
    assert len(found) == len(TASKS) > 60
    assert [str(f) for f in found if f.leaks] == []


@pytest.mark.slow
@pytest.mark.parametrize("code", [RENAMED, AS_A_CELL])
@pytest.mark.parametrize(
    "head", ["", ":tags: [x]\n", "---\ntags: [x]\n---\n"]
)
def test_a_minimal_gated_unit_in_chapter_7_is_seen(
    course, plant, code, head
):
    page = f"# GRU\n\n```{{code-cell}} python\n{head}{code}```\n"
    found = answers.compare([*course, *plant(page=page)])
    leaks = [f for f in found if f.leaks]
    assert [f.answer.task for f in leaks] == ["minimal_step"]
    assert leaks[0].place.where == "book/ch07_gru.md:3"


def test_one_in_the_package_is_seen(plant):
    found = answers.compare(plant(module=f"import numpy\n{AS_A_CELL}"))
    assert found[0].place.where == "rnncore/new.py:3"
    assert found[0].answer.task == "minimal_step"
    assert found[0].leaks


def test_a_woven_cell_is_the_package_and_not_read_again(plant):
    page = f"```{{code-cell}} python\n# rnncore.gru.mgu\n{AS_A_CELL}```\n"
    assert plant("pass", page) == []


class Disguise(ast.NodeTransformer):
    """Other names for arguments and variables; statements in two."""

    def __init__(self, tree):
        self.names = {
            node.id if isinstance(node, ast.Name) else node.arg
            for node in ast.walk(tree)
            if isinstance(node, ast.arg)
            or (
                isinstance(node, ast.Name)
                and isinstance(node.ctx, ast.Store)
            )
        } - {"xp"}
        self.made = 0

    def visit_Name(self, node):
        other = {"xp": "np"}.get(node.id, node.id)
        if node.id in self.names:
            other = f"other_{node.id}"
        return ast.Name(other, node.ctx)

    def visit_arg(self, node):
        return ast.arg(f"other_{node.arg}")

    def visit_Assign(self, node):
        """`x = f(a) + b` becomes `part = f(a)` and `x = part + b`."""
        self.generic_visit(node)
        if not isinstance(node.value, ast.BinOp):
            return node
        self.made += 1
        part = f"part_{self.made}"
        first = ast.Assign([ast.Name(part, ast.Store())], node.value.left)
        node.value.left = ast.Name(part, ast.Load())
        return [first, node]


@pytest.mark.parametrize("task", TASKS)
def test_every_answer_would_be_seen_in_disguise(known, task):
    tree = ast.parse(TASKS[task].source)
    other = ast.fix_missing_locations(Disguise(tree).visit(tree))
    place = answers.CodePlace(
        "here", frozenset(find_expressions(other.body))
    )
    found = answers.find_closest(known[task], [place], Counter())
    assert found.leaks
    assert found.share > 0.9


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ("y = np.sum(a * b, axis=0)", "y = (b * a).sum(axis=0)"),
        ("y = f(x[t, ...] + 1)", "z = 1.0 + x[t]\ny = f(z)"),
        ("y = (a + b) + g(c)", "y = b + c_0 + a\ny = g(c) + a + b"),
        ('def f(x):\n    """Says."""\n    return g(x + 1)', "g(1 + y)"),
    ],
)
def test_what_is_the_same_has_the_same_form(one, same):
    one, same = (find_expressions(ast.parse(s).body) for s in (one, same))
    assert one
    assert one.keys() <= same.keys()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("z = (1 - f) * h + f * n", "z = (1 - f) * h + n * n"),
        ("z = np.tanh(a - b - c)", "z = np.tanh(a - b + c)"),
        ("z = g(a * a + b)", "z = g(a * b + b)"),
    ],
)
def test_what_is_not_the_same_has_another_form(one, other):
    one, other = (find_expressions(ast.parse(s).body) for s in (one, other))
    assert max(one, key=one.get) not in other
