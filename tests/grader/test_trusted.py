"""Tests run in this process; what a learner's code says is not believed."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.utils import determine_grade

from grader.course.seeds import course_secret, seed_of, submission_key
from grader.course.settings import Limits
from grader.isolation import sandbox
from grader.isolation.client import Server
from grader.isolation.session import Session
from grader.notebook.names import cell_metadata
from grader.trusted.execute import TrustedExecute

pytestmark = pytest.mark.slow

QUICK = Limits(cell_seconds=5, total_seconds=60, output_bytes=100_000)


@pytest.fixture(scope="module")
def server():
    """One server for all tests."""
    found = Server(sandbox.NONE)
    yield found
    found.stop()


def notebook(asked, answer, test, given="", later=""):
    """A notebook: a given cell, an answer, a test, one more cell."""
    cells = [
        new_code_cell(given),
        new_code_cell(
            answer, metadata=cell_metadata("answer", solution=True)
        ),
        new_code_cell(
            test,
            metadata=cell_metadata(
                "test", grade=True, locked=True, points=2
            ),
        ),
        new_code_cell(later),
    ]
    release = [*cells]
    release[1] = new_code_cell(asked, metadata=cells[1].metadata)
    return new_notebook(cells=cells), new_notebook(cells=release)


@pytest.fixture
def grade(server, tmp_path):
    """Points (of 2) and what the test and the last cell put out."""

    def run(
        answer,
        test,
        asked="def f(x):\n    ...",
        given="",
        later="",
        limits=QUICK,
        key=b"",
    ):
        submitted, release = notebook(asked, answer, test, given, later)
        execute = TrustedExecute(
            limits,
            release,
            tmp_path,
            key,
            lambda: Session(
                server.path, {}, limits, str(tmp_path / "scratch")
            ),
        )
        done, _ = execute.preprocess(submitted, {})
        nbformat.validate(done)
        run.remarks = execute.remarks
        run.said = "\n".join(
            o.text if "text" in o else f"{o.ename}: {o.evalue}"
            for o in done.cells[2].outputs
            if "data" not in o
        )
        run.later = done.cells[3].outputs
        run.answer = done.cells[1].outputs
        return determine_grade(done.cells[2])[0]

    return run


@pytest.mark.parametrize(
    ("answer", "points"),
    [
        (
            "from rnncore import lstm\ndef sigmoid(x): return lstm.sigmoid(x)",
            0,
        ),
        ("from rnncore.lstm import sigmoid", 0),
        (
            "import numpy as np\ndef sigmoid(x): return 1 / (1 + np.exp(-x))",
            2,
        ),
    ],
)
def test_the_packages_own_function_is_handed_back(
    server, tmp_path, answer, points
):
    test = (
        "import numpy as np\nfrom rnncore.lstm import sigmoid as expected\n"
        "assert np.allclose(sigmoid(np.ones(2)), expected(np.ones(2)))"
    )
    asked = "def sigmoid(x):\n    ..."
    submitted, release = notebook(asked, answer, test)
    for made in (submitted, release):
        made.cells[2].metadata["nbgrader"]["grade_id"] = "test_sigmoid"

    def start():
        return Session(server.path, {}, QUICK, str(tmp_path / "scratch"))

    execute = TrustedExecute(QUICK, release, tmp_path, b"", start)
    done, _ = execute.preprocess(submitted, {})
    assert determine_grade(done.cells[2])[0] == points
    if not points:
        said = done.cells[2].outputs[-1].evalue
        assert "the answer calls the package's own sigmoid" in said


TOY = """
class Toy:
    _hidden = 3

    def __init__(self):
        self.base, self.calls = 7, 0

    def start(self, x):
        return x

    def __call__(self, x):
        self.calls += 1
        return 10 * x


toy = Toy()
"""
CHECKED = """
import numpy as np
from rnncore.testing import check
check(f, lambda x: {}, [{{"x": np.ones((3, 2))}}])
"""
# what is tested, the answer, its test: all of these hold
RIGHT = {
    "a function": (
        "def f(x): ...",
        "def f(x): return 2 * x",
        "assert f(3) == 6",
    ),
    "an object of the test's own": (
        "def f(toy): ...",
        "def f(toy): return toy.start(1) + toy(2) + toy.base",
        TOY + "assert f(toy) == 1 + 20 + 7\nassert toy.calls == 1",
    ),
    "no more of it than its public names": (
        "def f(toy, name): ...",
        "def f(toy, name): return getattr(toy, name, 'none')",
        TOY
        + "for name in ['_hidden', '__dict__x', '__globals__', 'nothing']:"
        "\n    assert f(toy, name) == 'none'",
    ),
    "partial credit": (
        "def f(x): ...",
        "def f(x): return 2 * x",
        "sum([f(1) == 2, f(2) == 4, f(3) == 7])",
    ),
    "a value": (
        "answer = ...",
        "answer = [1, 2]",
        "assert answer == [1, 2]",
    ),
    "an object with a state": (
        "class Account: ...",
        """
class Account:
    def __init__(self): self.balance = 0
    def deposit(self, x):
        if x < 0: raise ValueError("less than nothing")
        self.balance += x
    def __len__(self): return self.balance
    def __getitem__(self, k): return self.balance + k""",
        """
a, b = Account(), Account()
a.deposit(5)
a.deposit(x=2)
assert (a.balance, b.balance, len(a), a[1]) == (7, 0, 7, 8)
a.balance = 3
try:
    a.deposit(-1)
except ValueError as error:
    assert str(error) == "less than nothing"
assert a.balance == 3""",
    ),
    "operators of two objects": (
        "class V: ...",
        """
class V:
    def __init__(self, x): self.x = x
    def __add__(self, other): return V(self.x + other.x)""",
        "assert (V(1) + V(2)).x == 3",
    ),
    "a generator": (
        "def f(n): ...",
        "def f(n):\n    while True:\n        n += 1\n        yield n",
        "numbers = f(3)\nassert [next(numbers), next(numbers)] == [4, 5]",
    ),
    "a generator that ends": (
        "def f(n): ...",
        "def f(n): yield from range(n)",
        "assert list(f(3)) == [0, 1, 2]",
    ),
    "a function that makes one": (
        "def f(k): ...",
        "def f(k):\n    return lambda x: k * x",
        "assert f(3)(2) == 6\nassert [f(2)(k) for k in (1, 2)] == [2, 4]",
    ),
    "a function that is handed in": (
        "def f(g, x): ...",
        "def f(g, x): return g(g(x))",
        """
calls = []
def g(x):
    calls.append(x)
    return x + 1
assert f(g, 1) == 3 and calls == [1, 2]""",
    ),
    "an error of the handed function": (
        "def f(g): ...",
        "def f(g):\n    try: g()\n    except KeyError: return 'caught'",
        "def g(): raise KeyError('a')\nassert f(g) == 'caught'",
    ),
    "a change in place": (
        "def f(a): ...",
        "def f(a): a.sort()",
        """
import numpy as np
from rnncore.testing import lend
given = lend({"a": np.array([3.0, 1.0])})
f(**given)
np.testing.assert_array_equal(given["a"], [1, 3])""",
    ),
    "a torch tensor": (
        "def f(x): ...",
        "import torch\ndef f(x): return torch.relu(x), x.shape",
        """
import torch
y, shape = f(torch.tensor([-1.0, 2.0]))
torch.testing.assert_close(y, torch.tensor([0.0, 2.0]))
assert shape == (2,)""",
    ),
    "gradients": (
        "def f(x): ...",
        "def f(x): return x**3, x.sum()",
        """
import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
y, s = f(2 * x)
(y.sum() + 5 * s).backward()
torch.testing.assert_close(x.grad, 24 * x.detach() ** 2 + 10)""",
    ),
    "second derivatives": (
        "def f(x): ...",
        "def f(x): return x**3",
        """
import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
(d_x,) = torch.autograd.grad(f(x).sum(), x, create_graph=True)
(d_x * x).sum().backward()
torch.testing.assert_close(x.grad, 9 * x.detach() ** 2)""",
    ),
    "no gradients where none are asked": (
        "def f(x): ...",
        "def f(x): return x * 2",
        """
import torch
with torch.no_grad():
    assert not f(torch.ones(1, requires_grad=True)).requires_grad""",
    ),
    "a torch module": (
        "class Net: ...",
        """
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.ones(2))
    def forward(self, x): return (self.w * x).sum()""",
        """
import torch
net = Net()
assert len(list(net.parameters())) == 1
net.load_state_dict({"w": torch.tensor([1.0, 3.0])})
y = net(torch.tensor([2.0, 5.0]))
assert float(y.detach()) == 17
y.backward()
torch.testing.assert_close(net.w.grad, torch.tensor([2.0, 5.0]))
assert [p.grad is None for p in net.parameters()] == [False]""",
    ),
    "a magic": (
        "def f(x): ...",
        "%time 1\n!true\ndef f(x): return 1",
        "assert f(0) == 1",
    ),
    "a cell whose output is captured": (
        "def f(x): ...",
        "%%capture\ndef f(x): return 1",
        "assert f(0) == 1",
    ),
    "a sum by einsum": (
        "def f(x): ...",
        "import numpy as np\ndef f(x): return np.einsum('ij,j->i', x, x[0])",
        CHECKED.format("x @ x[0]"),
    ),
    "columns first, seen twice from behind": (
        "def f(x): ...",
        (
            "import numpy as np\n"
            "def f(x): return np.asfortranarray((2 * x)[::-1])[::-1]"
        ),
        CHECKED.format("2 * x"),
    ),
    "a partial function": (
        "def f(x): ...",
        "import functools, operator\nf = functools.partial(operator.mul, 2)",
        CHECKED.format("2 * x"),
    ),
    "a compiled function": (
        "def f(x): ...",
        "import numba\n@numba.njit\ndef f(x): return 2 * x",
        CHECKED.format("2 * x"),
    ),
}


@pytest.mark.parametrize("what", RIGHT)
def test_a_right_answer_gets_its_points(grade, what):
    asked, answer, test = RIGHT[what]
    points = grade(answer, test, asked)
    assert grade.said == ""
    assert points == 2


EVIL = """
import numpy as np
class Evil:
    def __eq__(self, other): return True
    def __bool__(self): return True
    def __float__(self): return 6.0
    def __len__(self): return 3
    def __getattr__(self, name): return lambda *a, **k: True
    def __array__(self, *a, **k): return np.full(3, 6.0)
    __lt__ = __gt__ = __le__ = __ge__ = __ne__ = __eq__
    def __sub__(self, other): return 0.0
    def __abs__(self): return 0.0
    __rsub__ = __sub__
def f(x): return Evil()
"""
BELIEVES = [
    "assert f(3) == 6",
    "assert f(3)",
    "assert abs(f(3) - 6) < 1e-9",
    "assert abs(6 - f(3)) < 1e-9",
    "import numpy as np\nnp.testing.assert_allclose(f(3), 6)",
    "import numpy as np\nassert np.allclose(np.ones(3), f(3))",
    "import numpy as np\nassert (np.ones(3) == f(3)).all()",
    "import math\nassert math.isclose(f(3), 6)",
    "assert 6 in f(3)",
    "assert not f(3) != 6",
    "assert f(3).equal(6)",
    "assert f(3) in [6]",
    "import torch\nassert torch.allclose(torch.ones(3), f(3))",
    "import torch\nassert (torch.ones(3) - f(3)).abs().max() < 1",
    (
        "from rnncore.testing import check\n"
        "check(f, lambda x: 2.0 * x, [{'x': 3.0}])"
    ),
]


@pytest.mark.parametrize("test", BELIEVES)
def test_an_object_that_equals_everything_gets_nothing(grade, test):
    assert grade(EVIL, test) == 0
    assert grade.said != ""


HOSTILE = {
    "the library is changed": (
        (
            "import numpy.testing, numpy as np, rnncore.testing as t\n"
            "numpy.testing.assert_allclose = print\n"
            "np.allclose = t.check = lambda *a, **k: True\n"
            "def f(x): return 0"
        ),
        "import numpy as np\nnp.testing.assert_allclose(f(3), 6)",
    ),
    "asserts are dropped": (
        (
            "get_ipython().input_transformers_cleanup.append(\n"
            "    lambda lines: [l for l in lines if 'assert' not in l])\n"
            "def f(x): return 0"
        ),
        "assert f(3) == 6",
    ),
    "a false result is published": (
        (
            "from IPython.display import publish_display_data as p\n"
            "def f(x):\n    p({'text/plain': '2.0'})\n    return 2.0"
        ),
        "assert f(3) == 6\n2.0",
    ),
    "the helper is replaced": (
        (
            "import grader.isolation.worker as b\n"
            "b.Helper.do = lambda self, head, data: b.send(\n"
            "    self.sock, {'value': True})\n"
            "def f(x): return 0"
        ),
        "assert f(3) == 6",
    ),
    "false frames lie ready": (
        (
            "import os\n"
            "for k in range(3, 20):\n"
            "    try: os.write(k, bytes(7) + b'\\x0e' + bytes(8) + b'{\"value\": 6.0}')\n"
            "    except OSError: pass\n"
            "def f(x): return 0"
        ),
        "import random\nx = random.random()\nassert f(x) == 2 * x",
    ),
    "the seed is looked for": (
        "import os\ndef f(x): return float(os.environ['RNNCORE_SEED'])",
        "import os\nassert f(0) == float(os.environ['RNNCORE_SEED'])",
    ),
    "the arguments are changed": (
        "def f(x):\n    x[...] = 0\n    return x",
        (
            "import numpy as np\nx = np.ones(2)\n"
            "np.testing.assert_allclose(f(x), 2 * x)"
        ),
    ),
    "the process ends": (
        "import os\ndef f(x): os._exit(0)",
        "assert f(3) == 6",
    ),
    "an exit": ("def f(x): raise SystemExit(0)", "assert f(3) == 6"),
    "an answer too large": (
        "def f(x): return 'x' * 10**8",
        "assert f(3) == 6",
    ),
    "a masked array": (
        "import numpy as np\ndef f(x): return np.ma.masked_all(x.shape)",
        CHECKED.format("2 * x"),
    ),
    "an empty array": (
        "import numpy as np\ndef f(x): return np.empty((0, 2))",
        CHECKED.format("0 * x"),
    ),
    "an empty array for a number": (
        "import numpy as np\ndef f(x): return np.empty(0)",
        CHECKED.format("x.sum()"),
    ),
    "a large number for a larger one": (
        "import numpy as np\ndef f(x): return 1e290 * x",
        CHECKED.format("1e300 * x"),
    ),
    "names are forgotten": (
        "def f(x): return 0\n%reset -f",
        "assert f(3) == 6",
    ),
    "a cell for the browser": (
        "%%javascript\nIPython.notebook.kernel.execute('f = lambda x: 6')",
        "assert f(3) == 6",
    ),
    "an error of BaseException": (
        "class E(BaseException): pass\ndef f(x): raise E('6')",
        "assert f(3) == 6",
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_answer_gets_nothing(grade, what):
    answer, test = HOSTILE[what]
    assert grade(answer, test) == 0
    assert grade.said != ""


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_false_alarm_of_a_product_costs_no_points(grade):
    product = "np.full((2, 2), np.inf) @ np.zeros((2, 2))"
    test = f"import numpy as np\nassert np.isnan({product}).all()"
    assert grade("a = 1", test) == 2
    assert grade("a = 1", test + "\nnp.log(np.zeros(2))") == 0


def test_an_argument_changed_in_place_is_told(grade):
    test = """
import numpy as np
from rnncore.testing import check
check(f, lambda x: 2 * x, [{"x": np.ones(2)}])"""
    assert grade("def f(x):\n    x *= 2\n    return x", test) == 0
    assert "f changed its argument x in place" in grade.said


def test_a_tape_that_is_kept_is_seen(grade):
    test = """
import torch
x = torch.ones(2, requires_grad=True)
y = f(x).sum()
y.backward()
try:
    y.backward()
except RuntimeError:
    pass
else:
    raise AssertionError("the graph was not freed")"""
    assert grade("def f(x): return x**2", test) == 2
    keeps = """
import torch
class F(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.x = x
        return x**2
    @staticmethod
    def backward(ctx, d_y): return 2 * ctx.x * d_y
def f(x): return F.apply(x)"""
    assert grade(keeps, test) == 0
    assert "was not freed" in grade.said


def test_what_a_test_hands_over_reaches_no_later_cell(grade):
    answer = """
seen = []
def f(x):
    seen.append(x)
    open("/tmp/seen", "w").write(str(x))
    return x"""
    later = "import os\nprint(seen, os.path.exists('/tmp/seen'))"
    Path("/tmp/seen").unlink(missing_ok=True)
    assert grade(answer, "assert f(31415) == 31415", later=later) == 2
    assert grade.later[0].text == "[] False\n"
    Path("/tmp/seen").unlink(missing_ok=True)


CALLS = """from rnncore.testing import check
check(f(7), lambda x: x, [{"x": 7}])"""


def test_a_learners_words_are_not_told_where_the_test_is_hidden(grade):
    answer = "def f(x): raise ValueError('the input was ' + 'seven')"
    test = """
pass
### BEGIN HIDDEN TESTS
assert f(7) == 8
### END HIDDEN TESTS"""
    assert grade(answer, test) == 0
    assert "seven" not in grade.said
    answer = (
        "def f(x):\n    global g\n    g = type('seven', (), {'__call__': "
        "lambda self, x: 1 / 0})()\n    return g"
    )
    named = test.replace("assert f(7) == 8", CALLS)
    assert grade(answer, named) == 0
    assert "seven" not in grade.said
    assert "ZeroDivisionError" in grade.said
    visible = test.replace("### BEGIN HIDDEN TESTS", "")
    visible = visible.replace("### END HIDDEN TESTS", "")
    assert grade(answer, visible) == 0
    assert "<an object of the submission>" in grade.said


def test_what_a_refused_message_holds_is_not_told_of_a_hidden_test(grade):
    answer = """
import grader.isolation.worker as learner
learner.Helper._answer = lambda self, result, *_: ({"value": {"seven": 7}}, b"")
def f(x): return x"""
    hidden = "pass\n### BEGIN HIDDEN TESTS\nassert f(7) == 8\n"
    assert grade(answer, hidden + "### END HIDDEN TESTS") == 0
    assert "gave what the grader refuses" in grade.said
    assert "seven" not in grade.said + str(grade.remarks)
    assert grade(answer, "assert f(7) == 8") == 0
    assert "seven" in grade.said


def test_given_functions_are_taken_from_the_assignment(grade):
    given = (
        "import numpy as np\nscale = 2\ndef g(x): return scale * np.sum(x)"
    )
    answer = "def g(x): return f(x)\ndef f(x): return 0"
    assert grade(answer, "assert f([1, 2]) == g([1, 2])", given=given) == 0
    answer = "def f(x): return g(x)"
    assert grade(answer, "assert f([1, 2]) == g([1, 2])", given=given) == 2


def test_a_knob_is_read_as_the_learner_set_it(grade):
    test = "assert device == 'cpu'"
    assert grade("device = 'cpu'", test, given="device = 'numpy'") == 2


def test_a_loop_without_end_costs_one_test(grade):
    limits = Limits(cell_seconds=1, total_seconds=30)
    answer = "def f(x):\n    while True: pass"
    assert grade(answer, "f(1)", limits=limits, later="1 + 1") == 0
    assert "stopped after 1 s" in grade.said
    assert grade.later[0].data["text/plain"] == "2"


TWICE = "def f(draw, rng):\n    return draw(rng), draw(rng)"
ITS_OWN = (
    "import numpy as np\ndef f(draw):\n    rng = np.random.default_rng(1)\n"
    "    return draw(rng), draw(rng), rng.random()"
)
TWO = "def f(a, b):\n    return a.random(), b.random(), a is b"
RAISES = "def f(rng):\n    rng.random()\n    raise ValueError"
CATCHES = (
    "def f(draw, rng):\n"
    "    try: draw(rng)\n    except KeyError: return rng.random()"
)
DRAWING = """
import numpy as np
def draw(rng):
    return float(rng.normal())
rng, twin = np.random.default_rng(1), np.random.default_rng(1)
"""
GOES_ON = "assert rng.random() == twin.random()"
CALLED = f"f(draw, rng), draw(twin), draw(twin)\n{GOES_ON}"
CAUGHT = f"try: f(rng)\nexcept ValueError: twin.random()\n{GOES_ON}"
LATE = (
    "def late(rng):\n    rng.random()\n    raise KeyError\n"
    "twin.random()\nassert f(late, rng) == twin.random()"
)


@pytest.mark.parametrize(
    ("answer", "test"),
    [
        (TWICE, "assert f(draw, rng) == (draw(twin), draw(twin))"),
        (TWICE, CALLED),
        (ITS_OWN, "assert f(draw) == (draw(rng), draw(rng), rng.random())"),
        (TWO, "assert f(rng, rng) == (twin.random(), twin.random(), True)"),
        (RAISES, CAUGHT),
        (CATCHES, LATE),
    ],
)
def test_a_generator_is_one_on_both_sides(grade, answer, test):
    assert grade(answer, DRAWING + test) == 2, grade.said


@pytest.mark.parametrize(
    "line",
    [
        "rng.bit_generator.state = np.random.default_rng(7).bit_generator.state",
        "rng.bit_generator.advance(-5)",
    ],
)
def test_an_answer_cannot_choose_what_a_generator_gives(grade, line):
    answer = f"import numpy as np\ndef f(rng):\n    {line}\n    return 1"
    test = "assert f(rng) == 1\nassert rng.random() == twin.random()"
    assert grade(answer, DRAWING + test) == 2, grade.said


def test_a_message_cannot_choose_what_a_generator_gives(grade):
    answer = (
        "import numpy as np\nfrom grader.isolation import worker\n"
        "told = {'drawn': [[0, 3, 12345]]}\n"
        "worker.tell_drawn = lambda given: told if given else {}\n"
        "def f(rng):\n    return 1"
    )
    assert grade(answer, DRAWING + "assert f(rng) == 1") == 0
    assert "has not drawn" in grade.said + str(grade.remarks)


DEAF = (
    "import time\nwhile True:\n    try: time.sleep(0.01)\n"
    "    except BaseException: pass"
)
GARBLED = "import os\nos.write(3, b'{' * 99)\nwhile True: pass"


@pytest.mark.parametrize(
    ("later", "told"),
    [
        (DEAF, "did not end when told to"),
        (GARBLED, "sent a message that the grader refuses"),
        ("import os\nos._exit(3)", "ended the Python process"),
        ("import os\nos.kill(os.getpid(), 9)", "ended the Python process"),
    ],
)
def test_what_ends_the_process_after_a_test_costs_no_points(
    grade, later, told
):
    limits = Limits(cell_seconds=1, total_seconds=60)
    answer = "def f(x):\n    return x + 1"
    test = "import time\ntime.sleep(0.7)\nassert f(1) == 2"
    assert grade(answer, test, later=later, limits=limits) == 2
    assert [
        remark.startswith(f"code cell 3 {told}")
        and remark.endswith(": all other cells ran without it")
        for remark in grade.remarks
    ] == [True]


@pytest.mark.parametrize("later", [DEAF, GARBLED, "import os\nos._exit(3)"])
def test_what_ends_the_process_gains_no_points(grade, later):
    limits = Limits(cell_seconds=1, total_seconds=60)
    test = "assert f(1) == 2"
    wrong = "def f(x):\n    return x"
    assert grade(wrong, test, later=later, limits=limits) == 0
    assert grade(f"{wrong}\n{later}", test, limits=limits) == 0


def test_a_cell_that_takes_the_memory_ends(grade):
    limits = Limits(memory_bytes=600_000_000, total_seconds=30)
    answer = (
        "import time\nrows = []\n"
        "while True:\n    rows.append(b'x' * 10**7)\n    time.sleep(0.02)"
    )
    assert grade(answer, "assert f(1) == 1", limits=limits) == 0
    told = "MemoryError" in str(grade.answer) or "memory" in str(
        grade.remarks
    )
    assert told


def test_an_undefined_name_is_an_error_of_the_test(grade):
    assert grade("", "assert f(3) == 6") == 0
    assert "name 'f' is not defined" in grade.said


def test_pictures_and_results_stay_in_the_notebook(grade):
    answer = """
import matplotlib.pyplot as plt
plt.plot([1, 2])
plt.show()
print("text")
42"""
    grade(answer, "pass")
    kinds = [output.output_type for output in grade.answer]
    assert kinds == ["display_data", "stream", "execute_result"]
    assert "image/png" in grade.answer[0].data
    assert grade.answer[2].data["text/plain"] == "42"


def test_an_error_is_shown_with_its_cell_and_line(grade):
    grade("x = 1\nx / 0", "pass")
    (output,) = grade.answer
    assert output.ename == "ZeroDivisionError"
    assert "Cell In[1], line 2" in "\n".join(output.traceback)


def test_seeds_depend_on_secret_learner_notebook_and_cell(tmp_path):
    secret = course_secret(tmp_path)
    assert course_secret(tmp_path) == secret
    assert (tmp_path / ".secret").stat().st_mode & 0o777 == 0o600
    keys = {
        submission_key(secret, student, name, content)
        for student in ("a", "ab")
        for name in ("c", "bc")
        for content in (b"1", b"2")
    }
    assert len(keys) == 8
    assert submission_key(b"other" * 4, "a", "c", b"1") not in keys
    key = keys.pop()
    assert seed_of(key, "one") == seed_of(key, "one") != seed_of(key, "two")


def test_hidden_inputs_follow_the_key_and_nothing_else(grade):
    answer = "def f(x): return x"
    test = """
from rnncore.testing import hidden_rng
print(hidden_rng().normal())"""
    seen = []
    for key in (b"1", b"1", b"2"):
        grade(answer, test, key=key)
        seen.append(grade.said)
    assert seen[0] == seen[1] != seen[2]
    assert "RNNCORE_SEED" not in os.environ


@pytest.mark.parametrize(
    ("answer", "points"),
    [
        (
            "def f(x):\n    y = 0\n    for a in x:\n        y = y + a\n    return y",
            0,
        ),
        ("def f(x):\n    return x.sum()", 2),
    ],
)
def test_a_loop_is_counted_where_it_runs(grade, answer, points):
    test = (
        "import numpy as np\n"
        "from rnncore.testing.inputs import count_lines\n"
        "runs = [count_lines(f, {'x': np.ones(n)}) for n in (3, 300)]\n"
        "assert runs[1] - runs[0] < 150, runs\n"
    )
    assert grade(answer, test) == points


def test_what_a_call_calls_is_told_where_it_runs(grade):
    answer = "def slow(x):\n    return x\n\ndef f(x):\n    return slow(x)"
    test = (
        "from rnncore.testing.inputs import list_called\n"
        "assert list_called(f, {'x': 1}) == ['f', 'slow']\n"
    )
    assert grade(answer, test) == 2


def test_what_the_visible_part_found_stays_told_when_the_hidden_part_fails(
    server, tmp_path
):
    test = """from rnncore.testing import Properties, check
properties = Properties(values=1, sizes=1)
check(f, lambda x: 2 * x, [{"x": 1}], by=properties)
with properties("sizes"):
    raise AssertionError("one step is enough")
### BEGIN HIDDEN TESTS
check(f, lambda x: 2 * x, [{"x": 5}], by=properties)
### END HIDDEN TESTS
properties.points("It holds.")"""
    submitted, release = notebook(
        "def f(x):\n    ...",
        "def f(x):\n    return min(2 * x, 5)",
        test,
        "",
        "",
    )
    execute = TrustedExecute(
        QUICK,
        release,
        tmp_path,
        b"",
        lambda: Session(server.path, {}, QUICK, str(tmp_path / "scratch")),
    )
    done, _ = execute.preprocess(submitted, {})
    made = done.cells[2].metadata
    assert made["failure"]["hidden"]
    assert [one["costs"] for one in made["failures"]] == ["sizes"]
    assert "one step is enough" in str(made["failures"])


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("parts.pop()", "took entries out of its argument parts"),
        ("parts.append(1)", "put entries into its argument parts"),
        ("parts.reverse()", "the entries of its argument parts in another"),
        ("parts[0] = 0 * parts[0]", "put other entries into its argument"),
        ("sizes.clear()", "took entries out of its argument sizes"),
        ("sizes['a'] = 9", "put other entries into its argument sizes"),
        (
            "sizes['a'] = sizes.pop('a')",
            "its argument sizes in another order",
        ),
        ("parts.copy().pop()", ""),
    ],
)
def test_a_changed_list_or_dict_is_seen_from_here(grade, line, told):
    test = """import numpy as np
from rnncore.testing import check
parts = [np.zeros(2), np.ones(3)]
args = {"parts": parts, "sizes": {"a": 1, "b": 2}}
check(f, lambda parts, sizes: 1, [args])
"""
    answer = f"def f(parts, sizes):\n    {line}\n    return 1"
    assert grade(answer, test) == (0 if told else 2), grade.said
    assert told in grade.said


LYING = """
class Lie:
    def __eq__(self, other): return isinstance(other, (int, float))
class Zero:
    def __sub__(self, other): return 0.0
    def __abs__(self): return 0.0
class Sum:
    def __init__(self, x): self.sum, self.zero, self.x = Lie(), Zero(), x
    def value(self): return Lie()
    def __getitem__(self, k):
        if k > 1: raise IndexError
        return Lie()
    def __abs__(self): return self
    def __sub__(self, other): return 0.0
    def __add__(self, other): return Lie()
    def __eq__(self, other): return self.x == other.x
"""
SUM = "class Sum:\n    ..."


@pytest.mark.parametrize(
    "test",
    [
        *("abs(s.zero - 5) < 1e-9", "s.sum == 5", "s.value() == 5"),
        *("s[1] == 5", "[x for x in s] == [5, 7]", "7 in s", "s + 2 == 5"),
    ],
)
def test_what_a_class_computes_not_cannot_say_that_it_is_right(grade, test):
    assert grade(LYING, f"s = Sum(5)\nassert {test}", SUM) == 0
    assert "whose word about itself is not trusted" in grade.said


@pytest.mark.parametrize(
    ("test", "told"),
    [
        ("s == Sum(5)", "how {} compares"),
        ("abs(s - 5) < 1", "what {} makes"),
    ],
)
def test_what_an_asked_class_says_of_itself_is_remarked(grade, test, told):
    assert grade(LYING, f"s = Sum(5)\nassert {test}", SUM) == 2
    (remark,) = grade.remarks
    assert told.format("<Sum of the submission>") in remark


def test_a_part_of_an_asked_class_may_say_how_it_compares(grade):
    answer = (
        "class Node:\n    def __init__(self, *parts):\n"
        "        self.parts, self.first = parts, parts[0] if parts else 0\n"
        "    def __iter__(self): return iter(self.parts)\n"
        "    def __eq__(self, other): return self.parts == other.parts"
    )
    test = (
        "n = Node(Node(), Node(Node()))\n"
        "assert n.parts[1] == Node(Node())\nassert list(n)[0] == Node()\n"
        "assert [*n][1].first == n.first"
    )
    assert grade(answer, test, "class Node:\n    ...") == 2


@pytest.mark.parametrize(
    "shown", ["[2**20000]", "{2**20000: 1}", "2**20000"]
)
@pytest.mark.parametrize(
    "test",
    [
        "assert f(1) == [1], f(1)",
        "print(f(1))\nassert f(1) == [1]",
        "f(1)",
        "raise ValueError(f(1))",
        "from rnncore.testing import check\ncheck(f, lambda x: [1], [{'x': 1}])",
        "from rnncore.testing import check\ncheck(f, lambda x: 1, [{'x': 1}])",
    ],
)
def test_a_number_that_is_too_long_for_a_text_fails_its_test_alone(
    grade, shown, test
):
    assert grade(f"def f(x): return {shown}", test) == 0
