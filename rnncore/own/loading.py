"""Loads the reader's own package, whatever its files hold.

A file is first tried in a process of its own, which may hang or end.
Whatever is broken or not written is the course's.
"""

import ast
import contextlib
import faulthandler
import importlib
import inspect
import json
import os
import re
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, ModuleType
from typing import NamedTuple

from rnncore.checking.find import PACKAGE
from rnncore.own.tasks import FILES, FOLDER, TASKS, course_function, is_stub

SECONDS = 5.0  # that a file may take to be imported
LARGEST = 1_000_000  # bytes of a file
Texts = dict[str, bytes]


class Own(NamedTuple):
    """What the reader has written, and what is wrong with the rest."""

    functions: dict[str, Callable]
    problems: list[str]
    failed: dict[str, str]  # files that cannot be imported, and why

    def says(self) -> str:
        """A line per problem, and then which functions are the reader's."""
        names = list(self.functions)
        missing = [name for name in TASKS if name not in names]
        if not missing:
            which = " (all)"
        elif len(names) > len(missing):
            which = f" (all but {', '.join(missing)})"
        else:
            which = f" ({', '.join(names)})" if names else ""
        count = f"Yours: {len(names)} of {len(TASKS)}{which}"
        return "\n".join([*self.problems, count])


def load(
    folder: Path = FOLDER,
    seconds: float = SECONDS,
    failed: dict[str, str] | None = None,
) -> Own:
    """The functions of the reader's package, under its modules' names.

    They can be imported from `my_rnn` afterwards, and so can what the
    course puts in the place of what is not written or cannot be used.
    `failed` is what `try_files` found, where the files were tried before.
    """
    texts, problems = read_files(folder)
    if failed is None:
        failed = try_files(folder, texts, seconds)
    failed = dict(failed)
    _make_package(folder)
    functions: dict[str, Callable] = {}
    for file in FILES:
        found: dict[str, Callable] = {}
        if file.name in texts and file.name not in failed:
            module, why = execute(folder, file.name, texts[file.name])
            if why:
                failed[file.name] = why
            else:
                found, misfits = _find_functions(module, file.name, texts)
                problems += misfits
        if file.name in failed or file.name not in texts:
            module = _new_module(folder, file.name)
        for name in file.functions:
            vars(module)[name] = found.get(name) or course_function(name)
        functions |= found
    problems += [
        f"{why}; the course's functions stand in for this file"
        for why in failed.values()
    ]
    return Own(functions, problems, failed)


def _make_package(folder: Path) -> None:
    """Let `my_rnn` be imported, with none of its files loaded."""
    for name in [n for n in sys.modules if n.split(".")[0] == PACKAGE]:
        del sys.modules[name]
    sys.modules[PACKAGE] = root = ModuleType(PACKAGE)
    root.__path__ = [str(folder)]
    importlib.invalidate_caches()


def read_helpers(folder: Path) -> Texts:
    """The bytes of all files of the package that can be read."""
    texts: Texts = {}
    for path in sorted(folder.glob("*.py")):
        with contextlib.suppress(OSError):  # told where it is imported
            if path.is_file() and path.stat().st_size <= LARGEST:
                texts[path.stem] = path.read_bytes()
    return texts


def read_files(folder: Path) -> tuple[Texts, list[str]]:
    """The bytes of the files that are there, and what is no file."""
    texts: Texts = {}
    problems = []
    for file in FILES:
        path = folder / f"{file.name}.py"
        if not os.path.lexists(path):
            continue
        try:
            if not path.is_file() or path.stat().st_size > LARGEST:
                raise OSError(f"expected a file of at most {LARGEST} bytes")
            texts[file.name] = path.read_bytes()
        except OSError as error:
            problems.append(
                f"{PACKAGE}/{path.name}: {error.strerror or error}; the "
                "course's functions stand in for this file"
            )
    return texts, problems


def try_files(folder: Path, texts: Texts, seconds: float) -> dict[str, str]:
    """Why a file cannot be imported, for those that cannot.

    One that does not end or ends Python is left out, and the rest is
    tried again.
    """
    failed: dict[str, str] = {}
    while todo := [name for name in texts if name not in failed]:
        script = "from rnncore.own.loading import answer; answer()"
        asked = json.dumps([str(folder), todo, seconds])
        try:
            run = subprocess.run(
                [sys.executable, "-c", script],
                input=asked.encode(),
                capture_output=True,
                check=False,
                timeout=20 + seconds * len(todo),
                env=os.environ | {"PYTHONPATH": _package_path()},
            )
            out, told = run.stdout, run.stderr
        except subprocess.TimeoutExpired as late:
            out, told = late.stdout or b"", late.stderr or b""
        results = dict(map(json.loads, out.splitlines()))
        failed |= {name: why for name, why in results.items() if why}
        stopped = next((name for name in todo if name not in results), None)
        if stopped is None:
            return failed
        failed[stopped] = _explain_stop(folder, stopped, told, seconds)
    return failed


def _package_path() -> str:
    """The course's folder before those that were set."""
    own = str(Path(__file__).parents[2])
    return os.pathsep.join(
        filter(None, [own, os.environ.get("PYTHONPATH")])
    )


def _explain_stop(
    folder: Path, name: str, told: bytes, seconds: float
) -> str:
    """Where a file was when its time was over, or that it ended Python."""
    path = re.escape(str(folder / f"{name}.py"))
    text = told.decode(errors="replace")
    line = re.search(rf'File "{path}", line (\d+)', text)
    if "Timeout" in text and line:
        return (
            f"{PACKAGE}/{name}.py, line {line[1]}: importing the file took "
            f"more than {seconds:g} s and was stopped"
        )
    return f"{PACKAGE}/{name}.py: importing the file ended Python"


def answer() -> None:
    """Import the files that standard input names; tell how each went."""
    folder, names, seconds = json.load(sys.stdin)
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    quiet = os.open(os.devnull, os.O_RDWR)
    os.dup2(quiet, 0)
    os.dup2(quiet, 1)  # what the files print
    _make_package(Path(folder))
    for name in TASKS:
        course_function(name)  # its import takes time of its own
    for name in names:
        text = (Path(folder) / f"{name}.py").read_bytes()
        faulthandler.dump_traceback_later(seconds, exit=True)
        module, why = execute(Path(folder), name, text)
        faulthandler.cancel_dump_traceback_later()
        for task in TASKS.values():
            if task.file == name and task.name not in vars(module):
                vars(module)[task.name] = course_function(task.name)
        print(json.dumps([name, why]), file=out, flush=True)


def execute(folder: Path, name: str, text: bytes) -> tuple[ModuleType, str]:
    """A module made of a file's text, and why it could not be made."""
    module = _new_module(folder, name)
    path = str(folder / f"{name}.py")
    try:
        exec(compile(text, path, "exec", dont_inherit=True), vars(module))  # noqa: S102
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - told to the reader
        return module, _format_error(error, name, path)
    return module, ""


def _new_module(folder: Path, name: str) -> ModuleType:
    """An empty module of the reader's package, known to `import`."""
    module = ModuleType(f"{PACKAGE}.{name}")
    module.__file__ = str(folder / f"{name}.py")
    module.__package__ = PACKAGE
    sys.modules[module.__name__] = module
    vars(sys.modules[PACKAGE])[name] = module
    return module


def _format_error(error: BaseException, name: str, path: str) -> str:
    """File, line and error, as a learner reads it."""
    folder = Path(path).parent
    places = [
        (Path(frame.filename).stem, frame.lineno)
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).parent == folder
    ]
    says = str(error)
    if isinstance(error, SyntaxError):
        says = str(error.msg)
        if error.filename and Path(error.filename).parent == folder:
            places.append((Path(error.filename).stem, error.lineno))
    file, line = places[-1] if places else (name, None)
    at = f", line {line}" if line else ""
    told = f"{PACKAGE}/{file}.py{at}: {type(error).__name__}: {says[:500]}"
    return told if file == name else f"{PACKAGE}/{name}.py needs {told}"


def _find_functions(
    module: ModuleType, file: str, texts: Texts
) -> tuple[dict[str, Callable], list[str]]:
    """A file's functions that have a body, and those that do not fit."""
    tree = ast.parse(texts[file])
    stubs = {
        line.name
        for line in tree.body
        if isinstance(line, ast.FunctionDef) and is_stub(line)
    }
    found: dict[str, Callable] = {}
    problems = []
    for name in next(f for f in FILES if f.name == file).functions:
        own = vars(module).get(name)
        course = course_function(name)
        if own is None or own is course or name in stubs:
            continue
        wanted = list(inspect.signature(course).parameters)
        if not isinstance(own, FunctionType):
            got = f"{type(own).__name__} {name}"
        elif own.__module__ != module.__name__:
            continue  # imported from another file: not written here
        elif (given := list(inspect.signature(own).parameters)) != wanted:
            got = f"{name}({', '.join(given)})"
        else:
            found[name] = own
            continue
        line = getattr(own, "__code__", None)
        at = f", line {line.co_firstlineno}" if line else ""
        problems.append(
            f"{PACKAGE}/{file}.py{at}: expected {name}"
            f"({', '.join(wanted)}), got {got}; the course's stands in"
        )
    return found, problems
