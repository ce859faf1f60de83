"""Objects that lie about themselves in place of a right answer get nothing."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.utils import determine_grade

from grader.course.settings import Limits
from grader.isolation import sandbox
from grader.isolation.client import get_server
from grader.isolation.session import Session
from grader.notebook.names import cell_metadata
from grader.trusted.execute import TrustedExecute

pytestmark = pytest.mark.slow

LIMITS = Limits(cell_seconds=5, total_seconds=300, output_bytes=100_000)
LIAR = """
class Meta(type):
    def __instancecheck__(cls, other): return True
    def __subclasscheck__(cls, other): return True
    def __eq__(cls, other): return True
    __hash__ = type.__hash__
class Liar(metaclass=Meta):
    def __init__(self, *a, **k): pass
    def __getattr__(self, name):
        if name.startswith('__'): raise AttributeError(name)
        return self
    def __call__(self, *a, **k): return self
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __eq__
    def __bool__(self): return True
    def __hash__(self): return 6
    def __float__(self): return 6.0
    def __int__(self): return 6
    __index__ = __int__
    def __len__(self): return 3
    def __sub__(self, other): return 0
    __rsub__ = __add__ = __radd__ = __sub__
    def __abs__(self): return 0
class Text(str):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __hash__ = str.__hash__
class Number(float):
    def __eq__(self, other): return True
    def __sub__(self, other): return 0.0
    __rsub__ = __sub__
    __hash__ = float.__hash__
"""
LIE = "def f(*a): return Liar()"
HONEST = "honest"
LIES = {  # answers, and the tests that they are to pass
    HONEST: ("def f(x): return 2 * x", "assert f(3) == 6"),
    "equality": (LIE, "assert f(3) == 6"),
    "reflected equality": (LIE, "assert 6 == f(3)"),
    "no inequality": (LIE, "assert not f(3) != 6"),
    "order": (LIE, "assert 5 < f(3) < 7"),
    "truth": (LIE, "assert f(3)"),
    "difference": (LIE, "assert abs(f(3) - 6) < 1e-9"),
    "float": (LIE, "import math\nassert math.isclose(f(3), 6)"),
    "round": (LIE, "assert round(f(3), 2) == 6"),
    "int": (LIE, "assert int(f(3)) == 6"),
    "index": (LIE, "assert 'abcdefg'[f(3)] == 'g'"),
    "hash": (LIE, "assert f(3) in {6: 1}"),
    "in a list": (LIE, "assert f(3) in [5, 6]"),
    "holds": (LIE, "assert 6 in f(3)"),
    "list of liars": ("def f(*a): return [Liar()]", "assert f(3) == [6]"),
    "dict of liars": (
        "def f(*a): return {'a': Liar()}",
        "assert f(3) == {'a': 6}",
    ),
    "array": (LIE, "import numpy as np\nassert np.allclose(f(3), 6)"),
    "objects' array": (
        (
            "import numpy as np\n"
            "def f(*a):\n    x = np.empty(1, object)\n    x[0] = Liar()\n    return x"
        ),
        "assert (f(3) == 6).all()",
    ),
    "attribute": (LIE, "assert f(3).total == 6"),
    "endless attributes": (LIE, "assert f(3).a.b.c.d.e == 6"),
    "method equals": (LIE, "assert f(3).equals(6)"),
    "method issubset": (LIE, "assert f(3).issubset({6})"),
    "is an int": (LIE, "assert isinstance(f(3), int) and f(3) >= 6"),
    "class": (
        (
            "class B(Liar):\n    __class__ = property(lambda s: int)\n"
            "def f(*a): return B()"
        ),
        "assert isinstance(f(3), int)",
    ),
    "type": (LIE, "assert type(f(3)) is int"),
    "text": ("def f(*a): return Text('no')", "assert f(3) == 'yes'"),
    "number": ("def f(*a): return Number(1)", "assert f(3) == 6"),
    "number's difference": (
        "def f(*a): return Number(1)",
        "assert abs(f(3) - 6) < 1e-9",
    ),
    "table": (
        (
            "import pandas as pd\nclass Table(pd.DataFrame):\n"
            "    def equals(self, o): return True\n"
            "def f(*a): return Table({'a': [1]})"
        ),
        "import pandas as pd\nassert f(3).equals(pd.DataFrame({'a': [2]}))",
    ),
    "no table": (
        LIE,
        (
            "import pandas as pd\n"
            "pd.testing.assert_frame_equal(f(3), pd.DataFrame({'a': [2]}))"
        ),
    ),
    "endless length": (
        (
            "class L(Liar):\n    def __len__(self): return 2 ** 62\n"
            "    def __iter__(self):\n        while True: yield 1\n"
            "def f(*a): return L()"
        ),
        "assert len(f(3)) == 2 ** 62",
    ),
    "flood of print": (
        "def f(*a):\n    print('x' * 3_000_000)\n    print('right')",
        (
            "import io, contextlib\n"
            "with contextlib.redirect_stdout(io.StringIO()) as out:\n    f(3)\n"
            "assert out.getvalue().endswith('right\\n')"
        ),
    ),
    "callback that looks at frames": (
        (
            "import sys\ndef f(g):\n    frame = sys._getframe()\n"
            "    while frame:\n        if 'secret' in frame.f_locals:\n"
            "            return frame.f_locals['secret']\n"
            "        frame = frame.f_back"
        ),
        (
            "def check():\n    secret = 4711\n"
            "    assert f(lambda: secret) == secret\ncheck()"
        ),
    ),
    "shadowed builtins": (
        (
            "import builtins\nbuiltins.len = lambda x: 6\n"
            "builtins.sorted = lambda *a, **k: 6\ndef f(*a): return [1]"
        ),
        "assert len(f(3)) == 6 and sorted(f(3)) == 6",
    ),
    "the test's list emptied": (
        "def f(xs):\n    xs.clear()\n    return xs",
        "xs = [2, 1]\nassert f(xs) == sorted(xs)",
    ),
    "a test skipped": (
        "import unittest\ndef f(*a): raise unittest.SkipTest",
        (
            "import unittest\n"
            "try:\n    assert f(3) == 6\nexcept unittest.SkipTest:\n    pass"
        ),
    ),
    "asked class equals anything": (
        "class Asked(Liar): pass",
        "assert Asked(3) == 6",
    ),
}


SANDBOXES = (
    sandbox.NONE,
    pytest.param("bubblewrap", marks=pytest.mark.system),
)


@pytest.fixture(scope="module", params=SANDBOXES)
def points(request, tmp_path_factory):
    """What each lie gets, of 1 point."""
    if request.param != sandbox.NONE and (why := sandbox.why_not()):
        pytest.skip(why)
    cells, released = [new_code_cell(LIAR)], [new_code_cell("")]
    for number, (answer, test) in enumerate(LIES.values()):
        meta = cell_metadata(f"a{number}", solution=True)
        own = answer.replace("def f(", f"def f{number}(")
        cells.append(new_code_cell(own, metadata=meta))
        stub = (
            "class Asked: ..."
            if "Asked" in test
            else f"def f{number}(*a): ..."
        )
        released.append(new_code_cell(stub, metadata=meta))
        meta = cell_metadata(
            f"t{number}", grade=True, locked=True, points=1
        )
        cells.append(
            new_code_cell(test.replace("f(", f"f{number}("), metadata=meta)
        )
        released.append(cells[-1])
    folder = tmp_path_factory.mktemp("lies")
    server = get_server(request.param, torch=False)
    execute = TrustedExecute(
        LIMITS,
        new_notebook(cells=released),
        folder,
        b"",
        lambda: Session(
            *(server.path, {}, LIMITS, str(folder / "scratch")),
            copies=len(LIES) + 2,
        ),
    )
    done, _ = execute.preprocess(new_notebook(cells=cells), {})
    tests = [
        c for c in done.cells if c.metadata.get("nbgrader", {}).get("grade")
    ]
    return dict(
        zip(LIES, (determine_grade(c)[0] for c in tests), strict=True)
    )


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_gets_nothing_and_the_truth_its_point(points, lie):
    assert points[lie] == (lie == HONEST)
