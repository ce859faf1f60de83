"""Kinds of test cells as courses write them, each with three answers.

They are written for nbgrader's own kernel, with no thought of ours. A kind
is a right answer, a wrong one and a test; the blank answer is a stub that
names nothing, as nbgrader's is.
"""

from __future__ import annotations

from hashlib import sha1
from typing import NamedTuple

BLANK = "raise NotImplementedError()"


class Kind(NamedTuple):
    """A right and a wrong answer to one test cell."""

    right: str
    wrong: str
    test: str
    setup: str = ""  # a test cell before it, without points


KINDS: dict[str, Kind] = {}

KINDS["frame"] = Kind(
    "import pandas as pd\n"
    "def frame():\n"
    "    return pd.DataFrame({'a': [1, 2, 3], 'b': [4., 5., 6.]})",
    "import pandas as pd\n"
    "def frame():\n"
    "    return pd.DataFrame({'a': [1, 2, 3], 'b': [4., 5., 7.]})",
    "import pandas as pd\n"
    "d = frame()\n"
    "assert d.shape == (3, 2) and list(d.columns) == ['a', 'b']\n"
    "e = pd.DataFrame({'a': [1, 2, 3], 'b': [4., 5., 6.]})\n"
    "pd.testing.assert_frame_equal(d, e)",
)
KINDS["series"] = Kind(
    "import pandas as pd\nscores = pd.Series([1, 2, 3], name='s')",
    "import pandas as pd\nscores = pd.Series([1, 2], name='s')",
    "assert len(scores) == 3\nassert scores.sum() == 6 and scores.name == 's'",
)
KINDS["table handed in"] = Kind(
    "def tops(d):\n    return d[d.points > 2].reset_index(drop=True)",
    "def tops(d):\n    return d[d.points > 1].reset_index(drop=True)",
    "import pandas as pd\n"
    "given = pd.DataFrame({'name': list('abc'), 'points': [1, 2, 3]})\n"
    "e = pd.DataFrame({'name': ['c'], 'points': [3]})\n"
    "pd.testing.assert_frame_equal(tops(given), e)",
)
KINDS["column added in place"] = Kind(
    "def add_column(d):\n    d['double'] = 2 * d['x']",
    "def add_column(d):\n    d['double'] = 3 * d['x']",
    "import pandas as pd\n"
    "t = pd.DataFrame({'x': [1, 2]})\n"
    "add_column(t)\nassert list(t['double']) == [2, 4]",
)
KINDS["groups"] = Kind(
    "def means(d):\n    return d.groupby('k')['v'].mean()",
    "def means(d):\n    return d.groupby('k')['v'].sum()",
    "import pandas as pd\n"
    "g = means(pd.DataFrame({'k': list('aab'), 'v': [1., 3., 5.]}))\n"
    "assert g['a'] == 2 and g.loc['b'] == 5 and g.index.name == 'k'",
)
KINDS["printed, redirected"] = Kind(
    "def hello():\n    print('hello')",
    "def hello():\n    print('hallo')",
    "import io, contextlib\n"
    "with contextlib.redirect_stdout(io.StringIO()) as out:\n"
    "    hello()\n"
    "assert out.getvalue() == 'hello\\n'",
)
KINDS["printed, to sys.stdout"] = Kind(
    "def count_down():\n    for k in (3, 2, 1):\n        print(k, end=' ')",
    "def count_down():\n    for k in (3, 2):\n        print(k, end=' ')",
    "import io, sys\n"
    "old, sys.stdout = sys.stdout, io.StringIO()\n"
    "try:\n    count_down()\n    text = sys.stdout.getvalue()\n"
    "finally:\n    sys.stdout = old\n"
    "assert text.split() == ['3', '2', '1']",
)
KINDS["printed, mocked"] = Kind(
    "def greet(name):\n    print('hi', name)",
    "def greet(name):\n    return 'hi ' + name",
    "from unittest.mock import patch\n"
    "with patch('builtins.print') as p:\n    greet('eva')\n"
    "p.assert_called_once_with('hi', 'eva')",
)
KINDS["input, mocked"] = Kind(
    "def ask():\n    return int(input('n? ')) + 1",
    "def ask():\n    return 1",
    "from unittest.mock import patch\n"
    "with patch('builtins.input', return_value='41') as i:\n"
    "    assert ask() == 42\ni.assert_called_once_with('n? ')",
)
KINDS["class"] = Kind(
    "class Stack:\n"
    "    def __init__(self): self.items = []\n"
    "    def push(self, x): self.items.append(x)\n"
    "    def pop(self): return self.items.pop()\n"
    "    def __len__(self): return len(self.items)",
    "class Stack:\n"
    "    def __init__(self): self.items = []\n"
    "    def push(self, x): self.items.insert(0, x)\n"
    "    def pop(self): return self.items.pop()\n"
    "    def __len__(self): return len(self.items)",
    "s = Stack()\ns.push(1); s.push(2)\n"
    "assert isinstance(s, Stack) and s.items == [1, 2]\n"
    "assert s.pop() == 2 and len(s) == 1",
)
KINDS["operators"] = Kind(
    "class Vector:\n"
    "    def __init__(self, x, y): self.x, self.y = x, y\n"
    "    def __add__(self, o): return Vector(self.x + o.x, self.y + o.y)\n"
    "    def __eq__(self, o): return (self.x, self.y) == (o.x, o.y)\n"
    "    def __repr__(self): return f'Vector({self.x}, {self.y})'",
    "class Vector:\n"
    "    def __init__(self, x, y): self.x, self.y = x, y\n"
    "    def __add__(self, o): return Vector(self.x + o.x, self.y)\n"
    "    def __eq__(self, o): return (self.x, self.y) == (o.x, o.y)\n"
    "    def __repr__(self): return f'Vector({self.x}, {self.y})'",
    "v = Vector(1, 2) + Vector(3, 4)\n"
    "assert (v.x, v.y) == (4, 6) and v == Vector(4, 6)\n"
    "assert repr(v) == 'Vector(4, 6)'",
)
KINDS["property"] = Kind(
    "class Circle:\n"
    "    def __init__(self, r): self.r = r\n"
    "    @property\n    def area(self): return 3 * self.r ** 2",
    "class Circle:\n"
    "    def __init__(self, r): self.r = r\n"
    "    def area(self): return 3 * self.r ** 2",
    "c = Circle(2)\nassert c.area == 12\nc.r = 1\nassert c.area == 3\n"
    "assert isinstance(Circle.area, property)",
)
KINDS["inheritance"] = Kind(
    "class Animal:\n    legs = 4\n    def speak(self): return '...'\n"
    "class Dog(Animal):\n    def speak(self): return 'woof'",
    "class Animal:\n    legs = 4\n    def speak(self): return '...'\n"
    "class Dog:\n    legs = 4\n    def speak(self): return 'woof'",
    "assert issubclass(Dog, Animal) and isinstance(Dog(), Animal)\n"
    "assert Dog().speak() == 'woof' and Dog.legs == 4\n"
    "assert Animal().speak() == '...'",
)
KINDS["data class"] = Kind(
    "from dataclasses import dataclass\n"
    "@dataclass\nclass Point:\n    x: int\n    y: int = 0",
    "class Point:\n    def __init__(self, x, y=0): self.x = x; self.y = y",
    "from dataclasses import is_dataclass\n"
    "assert is_dataclass(Point) and Point(1) == Point(1, 0)\n"
    "assert Point(3).x == 3 and Point(1) != Point(2)",
)
KINDS["named tuple"] = Kind(
    "from collections import namedtuple\n"
    "Pair = namedtuple('Pair', 'left right')\n"
    "def make_pair(a, b): return Pair(a, b)",
    "from collections import namedtuple\n"
    "Pair = namedtuple('Pair', 'left right')\n"
    "def make_pair(a, b): return Pair(b, a)",
    "p = make_pair(1, 2)\nassert p.left == 1 and p == (1, 2)\n"
    "assert p._fields == ('left', 'right')",
)
KINDS["exception"] = Kind(
    "def root(x):\n"
    "    if x < 0: raise ValueError('negative')\n"
    "    return x ** .5",
    "def root(x):\n    return abs(x) ** .5",
    "assert root(9) == 3\n"
    "try:\n    root(-1)\n"
    "except ValueError as error:\n    assert str(error) == 'negative'\n"
    "else:\n    raise AssertionError('no error')",
)
KINDS["own exception"] = Kind(
    "class Empty(Exception):\n    pass\n"
    "def first(x):\n    if not x: raise Empty('nothing', 3)\n    return x[0]",
    "class Empty(Exception):\n    pass\ndef first(x):\n    return x[0]",
    "import unittest\n"
    "with unittest.TestCase().assertRaises(Empty) as c:\n    first([])\n"
    "assert c.exception.args == ('nothing', 3) and first([1]) == 1",
)
KINDS["generator"] = Kind(
    "def evens(n):\n    for k in range(0, n, 2):\n        yield k",
    "def evens(n):\n    return list(range(0, n, 2))",
    "import types\ng = evens(5)\nassert isinstance(g, types.GeneratorType)\n"
    "assert next(g) == 0 and list(g) == [2, 4]",
)
KINDS["decorator"] = Kind(
    "import functools\ndef twice(f):\n    @functools.wraps(f)\n"
    "    def inner(*a): return f(f(*a))\n    return inner",
    "import functools\ndef twice(f):\n    @functools.wraps(f)\n"
    "    def inner(*a): return f(*a)\n    return inner",
    "@twice\ndef add_one(x):\n    return x + 1\n"
    "assert add_one(3) == 5 and add_one.__name__ == 'add_one'",
)
KINDS["closure"] = Kind(
    "def counter():\n    n = 0\n    def step():\n        nonlocal n\n"
    "        n += 1\n        return n\n    return step",
    "def counter():\n    def step():\n        return 1\n    return step",
    "a, b = counter(), counter()\nassert (a(), a(), b()) == (1, 2, 1)",
)
KINDS["callback"] = Kind(
    "def apply(f, xs): return [f(x) for x in xs]",
    "def apply(f, xs): return xs",
    "seen = []\ndef note(x):\n    seen.append(x)\n    return -x\n"
    "assert apply(note, [1, 2]) == [-1, -2] and seen == [1, 2]",
)
KINDS["context manager"] = Kind(
    "class Door:\n    open = False\n"
    "    def __enter__(self):\n        self.open = True\n        return self\n"
    "    def __exit__(self, *e):\n        self.open = False",
    "class Door:\n    open = False\n"
    "    def __enter__(self):\n        return self\n"
    "    def __exit__(self, *e):\n        self.open = False",
    "with Door() as d:\n    assert d.open\nassert not d.open",
)
KINDS["regular expression"] = Kind(
    "import re\nDATE = re.compile(r'\\d{4}-\\d\\d')\n"
    "def find_date(t): return DATE.search(t)",
    "import re\nDATE = re.compile(r'\\d{2}-\\d\\d')\n"
    "def find_date(t): return DATE.search(t)",
    "m = find_date('on 2024-05')\nassert m.group() == '2024-05'\n"
    "assert m.start() == 3 and find_date('never') is None",
)
KINDS["sorting in place"] = Kind(
    "def bubble(xs): xs.sort()",
    "def bubble(xs): xs.reverse()",
    "xs = [3, 1, 2]\nassert bubble(xs) is None\nassert xs == [1, 2, 3]",
)
KINDS["dates"] = Kind(
    "import datetime\ndef due(d): return d + datetime.timedelta(days=7)",
    "import datetime\ndef due(d): return d + datetime.timedelta(days=6)",
    "import datetime as dt\nassert due(dt.date(2024, 2, 27)) == dt.date(2024, 3, 5)",
)
KINDS["exact numbers"] = Kind(
    "from decimal import Decimal\nfrom fractions import Fraction\n"
    "def price(x): return Decimal(x) * 2\ndef half(): return Fraction(1, 2)",
    "from decimal import Decimal\nfrom fractions import Fraction\n"
    "def price(x): return Decimal(x) * 3\ndef half(): return Fraction(1, 2)",
    "from decimal import Decimal\nfrom fractions import Fraction\n"
    "assert price('0.1') == Decimal('0.2') and half() == Fraction(1, 2)",
)
KINDS["sets"] = Kind(
    "def letters(t): return {*t}, frozenset(t), {'k': {1, 2}}",
    "def letters(t): return {*t[2:]}, frozenset(t), {'k': {1, 2}}",
    "a, b, c = letters('aba')\nassert a == {'a', 'b'} == b and c['k'] == {2, 1}",
)
KINDS["array scalars"] = Kind(
    "import numpy as np\ndef mean(x): return np.mean(x)\n"
    "labels = np.array(['a', None], dtype=object)",
    "import numpy as np\ndef mean(x): return np.median(x)\n"
    "labels = np.array(['a', None], dtype=object)",
    "import numpy as np\nm = mean([1., 2., 6.])\n"
    "assert isinstance(m, np.floating) and m == 3 and labels[0] == 'a'",
)
KINDS["plot"] = Kind(
    "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\n"
    "def draw():\n    fig, ax = plt.subplots()\n    ax.plot([1, 2, 3])\n"
    "    ax.set_title('t')\n    return ax",
    "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\n"
    "def draw():\n    fig, ax = plt.subplots()\n    ax.plot([1, 2])\n"
    "    ax.set_title('t')\n    return ax",
    "ax = draw()\nassert ax.get_title() == 't'\n"
    "assert list(ax.lines[0].get_ydata()) == [1, 2, 3]",
)
KINDS["bars"] = Kind(
    "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\n"
    "def bars(v):\n    fig, ax = plt.subplots()\n    ax.bar(range(len(v)), v)\n"
    "    return fig, ax",
    "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\n"
    "def bars(v):\n    fig, ax = plt.subplots()\n    ax.barh(range(len(v)), v)\n"
    "    return fig, ax",
    "fig, ax = bars([3, 1])\nassert len(ax.patches) == 2\n"
    "assert [p.get_height() for p in ax.patches] == [3, 1]\n"
    "assert fig.axes[0] is ax or len(fig.axes) == 1",
)
KINDS["estimator"] = Kind(
    "from sklearn.linear_model import LinearRegression\n"
    "def fit(X, y): return LinearRegression().fit(X, y)",
    "from sklearn.linear_model import LinearRegression\n"
    "def fit(X, y): return LinearRegression(fit_intercept=False).fit(X, y)",
    "import numpy as np\nfrom sklearn.linear_model import LinearRegression\n"
    "X = np.array([[0.], [1.], [2.]])\nm = fit(X, np.array([1., 3., 5.]))\n"
    "assert isinstance(m, LinearRegression)\n"
    "assert np.allclose(m.coef_, [2]) and np.isclose(m.intercept_, 1)\n"
    "assert np.allclose(m.predict([[3.]]), [7])",
)
KINDS["pipeline"] = Kind(
    "from sklearn.pipeline import make_pipeline\n"
    "from sklearn.preprocessing import StandardScaler\n"
    "from sklearn.linear_model import Ridge\n"
    "def pipe(): return make_pipeline(StandardScaler(), Ridge(alpha=2))",
    "from sklearn.pipeline import make_pipeline\n"
    "from sklearn.preprocessing import StandardScaler\n"
    "from sklearn.linear_model import Ridge\n"
    "def pipe(): return make_pipeline(Ridge(alpha=2))",
    "p = pipe()\nassert [n for n, _ in p.steps] == ['standardscaler', 'ridge']\n"
    "assert p.named_steps['ridge'].alpha == 2\n"
    "assert 'scaler' in type(p[0]).__name__.lower()",
)
KINDS["expression"] = Kind(
    "import sympy\ndef derive(e, x): return sympy.diff(e, x)\n"
    "z = sympy.symbols('z')\npoly = z ** 2 + 1",
    "import sympy\ndef derive(e, x): return e\n"
    "z = sympy.symbols('z')\npoly = z ** 2 + 1",
    "import sympy\nx = sympy.symbols('x')\n"
    "assert derive(x ** 3, x) == 3 * x ** 2\nassert poly.subs(z, 3) == 10",
)
KINDS["graph"] = Kind(
    "import networkx as nx\ndef ring(n): return nx.cycle_graph(n)",
    "import networkx as nx\ndef ring(n): return nx.path_graph(n)",
    "g = ring(4)\nassert g.number_of_edges() == 4 and g.degree[0] == 2\n"
    "assert sorted(g.nodes) == [0, 1, 2, 3] and g.has_edge(0, 3)",
)
KINDS["database"] = Kind(
    "import sqlite3\ndef open_book():\n    c = sqlite3.connect(':memory:')\n"
    "    c.execute('create table t (a int)')\n"
    "    c.execute('insert into t values (5)')\n    return c",
    "import sqlite3\ndef open_book():\n    c = sqlite3.connect(':memory:')\n"
    "    c.execute('create table t (a int)')\n    return c",
    "c = open_book()\nassert c.execute('select a from t').fetchall() == [(5,)]",
)
KINDS["file written"] = Kind(
    "def save(text):\n    with open('out.txt', 'w') as f: f.write(text)",
    "def save(text):\n    with open('out.txt', 'w') as f: f.write(text[1:])",
    "import os\nsave('abc')\nassert os.path.exists('out.txt')\n"
    "assert open('out.txt').read() == 'abc'",
)
KINDS["file read"] = Kind(
    "def total(path):\n    return sum(int(line) for line in open(path))",
    "def total(path):\n    return 0",
    "from pathlib import Path\nPath('in.txt').write_text('1\\n2\\n')\n"
    "assert total('in.txt') == 3\nassert total(Path('in.txt')) == 3",
)
KINDS["path"] = Kind(
    "from pathlib import Path\ndef name_of(p): return Path(p).stem\n"
    "def sibling(p): return Path(p).with_name('b.txt')",
    "from pathlib import Path\ndef name_of(p): return Path(p).name\n"
    "def sibling(p): return Path(p).with_name('b.txt')",
    "from pathlib import Path\nassert name_of('x/a.txt') == 'a'\n"
    "assert sibling('x/a.txt') == Path('x/b.txt')",
)
KINDS["seeds"] = Kind(
    "import random\nimport numpy as np\n"
    "def roll(): return random.randint(1, 6), np.random.rand()",
    "import random\nimport numpy as np\n"
    "def roll(): return 7, np.random.rand()",
    "import random\nimport numpy as np\n"
    "random.seed(3); np.random.seed(4)\nexpected = random.randint(1, 6), np.random.rand()\n"
    "random.seed(3); np.random.seed(4)\nassert roll() == expected",
)
KINDS["a library patched"] = Kind(
    "import time\ndef wait(n):\n    for _ in range(n): time.sleep(2)\n    return n",
    "import time\ndef wait(n):\n    return n",
    "from unittest.mock import patch\n"
    "with patch('time.sleep') as s:\n    assert wait(3) == 3\n"
    "assert s.call_count == 3",
)
KINDS["shared state"] = Kind(
    "log = []\ndef record(x): log.append(x)",
    "log = []\ndef record(x): pass",
    "log.clear()\nrecord(5)\nassert log == [5]",
)
KINDS["helper deleted"] = Kind(
    "def square(x): return x * x\n"
    "def sum_squares(n): return sum(square(k) for k in range(n))",
    "def square(x): return x * x\n"
    "def sum_squares(n): return sum(k * k for k in range(n))",
    "assert sum_squares(3) == 5\n_old = square\ndel square\n"
    "try:\n    sum_squares(3)\nexcept NameError:\n    pass\n"
    "else:\n    raise AssertionError('square is not used')\n"
    "finally:\n    square = _old",
)
KINDS["helper mocked"] = Kind(
    "def fetch(k): return k\ndef add_all(ks): return sum(fetch(k) for k in ks)",
    "def fetch(k): return k\ndef add_all(ks): return sum(ks)",
    "from unittest.mock import patch\n"
    "with patch('__main__.fetch', return_value=10) as m:\n"
    "    assert add_all([1, 2]) == 20\nassert m.call_count == 2",
)
KINDS["helper of another cell"] = Kind(
    "def triple(x): return 3 * x",
    "def triple(x): return x + 3",
    "check_triple(5)",
    "def check_triple(x):\n    assert triple(x) == 3 * x",
)
KINDS["doctest"] = Kind(
    "def inc(x):\n    '''\n    >>> inc(1)\n    2\n    '''\n    return x + 1",
    "def inc(x):\n    '''\n    >>> inc(1)\n    2\n    '''\n    return x",
    "import doctest\n"
    "parsed = doctest.DocTestParser().get_doctest(\n"
    "    '>>> inc(41)\\n42\\n', globals(), 'inc', None, 0)\n"
    "assert doctest.DocTestRunner(verbose=False).run(parsed).failed == 0",
)
KINDS["source"] = Kind(
    "def power(b, e=2):\n    '''Raise b.'''\n    p = 1\n"
    "    for _ in range(e): p *= b\n    return p",
    "def power(b, e=2):\n    '''Raise b.'''\n    return b ** e",
    "import inspect\nassert power(3) == 9 and '**' not in inspect.getsource(power)\n"
    "assert list(inspect.signature(power).parameters) == ['b', 'e']\n"
    "assert power.__doc__ == 'Raise b.'",
)
KINDS["state of two cells"] = Kind(
    "class Till:\n    def __init__(self): self.sum = 0\n"
    "    def pay(self, x): self.sum += x",
    "class Till:\n    def __init__(self): self.sum = 0\n"
    "    def pay(self, x): self.sum = x",
    "till.pay(2)\nassert till.sum == 5",
    "try:\n    till = Till()\n    till.pay(3)\nexcept NameError:\n    pass",
)

# In the form of nbgrader's own: its quickstart, its page on writing tests,
# its autotests.
KINDS["docs: a list of values"] = Kind(
    "def squares(n):\n    if n < 1: raise ValueError('n must be 1 or more')\n"
    "    return [i ** 2 for i in range(1, n + 1)]",
    "def squares(n):\n    return [i ** 2 for i in range(n)]",
    '"""Check that squares returns the correct output"""\n'
    "assert squares(1) == [1]\nassert squares(2) == [1, 4]\n"
    "assert squares(10) == [1, 4, 9, 16, 25, 36, 49, 64, 81, 100]",
)
KINDS["docs: an invalid input"] = Kind(
    "def cubes(n):\n    if n < 1: raise ValueError('n must be 1 or more')\n"
    "    return [i ** 3 for i in range(1, n + 1)]",
    "def cubes(n):\n    return [i ** 3 for i in range(1, n + 1)]",
    "for bad in (0, -4):\n    try:\n        cubes(bad)\n"
    "    except ValueError:\n        pass\n    else:\n"
    "        raise AssertionError('did not raise')",
)
KINDS["docs: a function that uses another"] = Kind(
    "def sq(n): return [i ** 2 for i in range(1, n + 1)]\n"
    "def sum_sq(n): return sum(sq(n))",
    "def sq(n): return [i ** 2 for i in range(1, n + 1)]\n"
    "def sum_sq(n): return sum(i ** 2 for i in range(1, n + 1))",
    "orig_sq = sq\ndel sq\ntry:\n    sum_sq(1)\nexcept NameError:\n    pass\n"
    "else:\n    raise AssertionError('sum_sq does not use sq')\n"
    "finally:\n    sq = orig_sq",
)
KINDS["docs: hidden tests"] = Kind(
    "def pyramid(n): return n * (n + 1) * (2 * n + 1) // 6",
    "def pyramid(n): return {1: 1, 2: 5}.get(n)",
    "assert pyramid(1) == 1\nassert pyramid(2) == 5\n"
    "### BEGIN HIDDEN TESTS\nassert pyramid(10) == 385\n"
    "assert pyramid(11) == 506\n### END HIDDEN TESTS",
)
KINDS["docs: a mocked helper"] = Kind(
    "def load(n): return [n]\ndef last(n): return load(n)[-1]",
    "def load(n): return [n]\ndef last(n): return n",
    "from unittest.mock import patch\n"
    "with patch('__main__.load') as mocked:\n"
    "    mocked.return_value = [7, 8]\n    assert last(3) == 8\n"
    "mocked.assert_called_once_with(3)",
)
KINDS["docs: a scatter plot"] = Kind(
    "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\n"
    "fig_s, ax_s = plt.subplots()\nax_s.scatter([1, 2, 3], [4, 5, 6])\n"
    "ax_s.set_xlabel('x')\nax_s.set_ylabel('y')\nax_s.set_title('Points')",
    "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\n"
    "fig_s, ax_s = plt.subplots()\nax_s.scatter([1, 2, 3], [4, 5, 7])\n"
    "ax_s.set_xlabel('x')\nax_s.set_ylabel('y')\nax_s.set_title('Points')",
    "import numpy as np\nassert ax_s.get_xlabel() == 'x'\n"
    "assert ax_s.get_ylabel() != '' and ax_s.get_title() == 'Points'\n"
    "offsets = ax_s.collections[0].get_offsets()\n"
    "assert len(ax_s.collections) == 1\n"
    "np.testing.assert_array_equal(np.asarray(offsets)[:, 1], [4, 5, 6])",
)
KINDS["docs: a line plot's attributes"] = Kind(
    "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\n"
    "def lines_of():\n    fig, ax = plt.subplots()\n"
    "    ax.plot([0, 1], [0, 2], color='red', label='a')\n"
    "    ax.legend()\n    ax.set_xlim(0, 1)\n    return ax",
    "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\n"
    "def lines_of():\n    fig, ax = plt.subplots()\n"
    "    ax.plot([0, 1], [0, 2], color='blue', label='a')\n"
    "    ax.legend()\n    ax.set_xlim(0, 1)\n    return ax",
    "axis = lines_of()\nline = axis.get_lines()[0]\n"
    "assert line.get_color() == 'red' and line.get_label() == 'a'\n"
    "assert [t.get_text() for t in axis.get_legend().get_texts()] == ['a']\n"
    "assert tuple(axis.get_xlim()) == (0, 1)\n"
    "assert line.get_xydata().tolist() == [[0, 0], [1, 2]]",
)
KINDS["docs: a part of the points"] = Kind(
    "def both(): return 1, 2",
    "def both(): return 3, 4",
    "score = 0\nif both()[0] == 1:\n    score += 0.5\n"
    "if both()[1] == 2:\n    score += 0.5\nscore",
)
KINDS["docs: what is printed"] = Kind(
    "def table(n):\n    for k in range(1, n + 1):\n        print(f'{k} x {n} = {k * n}')",
    "def table(n):\n    for k in range(1, n + 1):\n        print(k, n, k + n)",
    "import contextlib, io, re\nout = io.StringIO()\n"
    "with contextlib.redirect_stdout(out):\n    table(3)\n"
    "found = re.findall(r'(\\d+) x 3 = (\\d+)', out.getvalue())\n"
    "assert found == [('1', '3'), ('2', '6'), ('3', '9')]",
)
KINDS["docs: a pattern in the source"] = Kind(
    "def total_of(xs):\n    s = 0\n    for x in xs:\n        s += x\n    return s",
    "def total_of(xs):\n    return sum(xs)",
    "import inspect, re\nassert total_of([1, 2]) == 3\n"
    "source = inspect.getsource(total_of)\n"
    "assert re.search(r'^\\s+for\\b', source, re.M)\n"
    "assert not re.search(r'\\bsum\\(', source)",
)
KINDS["docs: arrays nearly equal"] = Kind(
    "import numpy as np\ndef scale(x): return x / np.linalg.norm(x)",
    "import numpy as np\ndef scale(x): return x / x.sum()",
    "import numpy as np\n"
    "np.testing.assert_allclose(scale(np.array([3., 4.])), [0.6, 0.8])\n"
    "np.testing.assert_almost_equal(np.linalg.norm(scale(np.ones(5))), 1)",
)
KINDS["docs: a variable"] = Kind(
    "answer = {'a': 1, 'b': [2, 3]}",
    "answer = {'a': 1, 'b': [2]}",
    "assert type(answer) is dict, 'a dictionary is expected'\n"
    "assert sorted(answer.keys()) == ['a', 'b']\nassert answer['b'][-1] == 3",
)
KINDS["docs: hashes, as autotests"] = Kind(
    "n_rows = 42\nname_of_set = 'iris'",
    "n_rows = 41\nname_of_set = 'iris'",
    "from hashlib import sha1\n"
    "assert sha1(str(type(n_rows)).encode('utf-8') + b'6bf').hexdigest() == "
    f"'{sha1(str(int).encode() + b'6bf').hexdigest()}', 'type of n_rows'\n"
    "assert sha1(str(n_rows).encode('utf-8') + b'6bf').hexdigest() == "
    f"'{sha1(b'426bf').hexdigest()}', 'value of n_rows'\n"
    "assert sha1(str(name_of_set.lower()).encode() + b'a').hexdigest() == "
    f"'{sha1(b'irisa').hexdigest()}', 'value of name_of_set'",
)
KINDS["docs: unittest's assertions"] = Kind(
    "def mean_of(xs): return sum(xs) / len(xs)",
    "def mean_of(xs): return sum(xs) // len(xs) if xs else 0",
    "import unittest\nt = unittest.TestCase()\n"
    "t.assertAlmostEqual(mean_of([1, 2]), 1.5)\n"
    "with t.assertRaises(ZeroDivisionError):\n    mean_of([])\n"
    "t.assertIsInstance(mean_of([1]), float)",
)
KINDS["docs: a suite"] = Kind(
    "def is_even(n): return n % 2 == 0",
    "def is_even(n): return n in (0, 2)",
    "import unittest\nclass TestEven(unittest.TestCase):\n"
    "    def test_even(self): self.assertTrue(is_even(4))\n"
    "    def test_odd(self): self.assertFalse(is_even(3))\n"
    "suite = unittest.defaultTestLoader.loadTestsFromTestCase(TestEven)\n"
    "import io\n"
    "done = unittest.TextTestRunner(stream=io.StringIO()).run(suite)\n"
    "assert done.wasSuccessful() and done.testsRun == 2",
)
KINDS["docs: a reference with random inputs"] = Kind(
    "def clip_all(xs, a, b): return [min(max(x, a), b) for x in xs]",
    "def clip_all(xs, a, b): return [min(x, b) for x in xs]",
    "import random\ndef _reference(xs, a, b):\n"
    "    return [a if x < a else b if x > b else x for x in xs]\n"
    "rng = random.Random(0)\nfor _ in range(20):\n"
    "    xs = [rng.randint(-9, 9) for _ in range(10)]\n"
    "    assert clip_all(xs, -3, 3) == _reference(xs, -3, 3)",
)
