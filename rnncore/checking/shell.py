"""A shell that keeps what a notebook's cells give, as a notebook holds it.

A learner's cells are run by `execute` alone: by `make check` in a process
(`runner.py`), by the browser in its process, by the grader in a sandbox.
"""

from __future__ import annotations

import subprocess
import sys
import traceback
from types import ModuleType
from typing import Any

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import (
    ExecutionResult,
    InteractiveShell,
)
from traitlets import Type
from traitlets.config import Config

LONGEST = 10_000  # characters of an error's text


class Outputs:
    """The outputs of the cell that runs, as a notebook holds them."""

    def __init__(self) -> None:
        self.begin(0, 0)

    def begin(self, count: int, most: int) -> None:
        """Forget what there was; keep `most` characters from now on."""
        self.count, self.left = count, most
        self.found: list[dict[str, Any]] = []
        self.flooded = False

    def add(self, output: dict[str, Any], size: int) -> None:
        """Keep an output while the cell has room for it."""
        self.left -= size
        if self.left < 0:
            self.flooded = True
        else:
            self.found.append(output)

    def stream(self, name: str, text: str) -> None:
        """Keep some text, or what of it there is room for."""
        if len(text) > self.left:
            self.flooded = True
            text = text[: min(self.left, 1000)]
        self.left -= len(text)
        last = self.found[-1] if self.found else {}
        if text and last.get("name") == name:
            last["text"].append(text)
        elif text:
            output = {"output_type": "stream", "name": name, "text": [text]}
            self.found.append(output)

    def as_json(self) -> list[dict[str, Any]]:
        """The outputs, with the parts of a stream put together."""
        for output in self.found:
            if output["output_type"] == "stream":
                output["text"] = "".join(output["text"])
            output.pop("id", None)
        return self.found


OUTPUTS = Outputs()


class Stream:
    """sys.stdout or sys.stderr, whose text belongs to the cell."""

    encoding, errors, closed = "utf-8", "replace", False

    def __init__(self, name: str):
        self.name = name

    def write(self, text: str) -> int:
        """Keep the text; the number of characters."""
        OUTPUTS.stream(self.name, str(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Keep several texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """There is nothing to wait for."""

    def isatty(self) -> bool:
        """It is no terminal."""
        return False

    def writable(self) -> bool:
        """It takes text at any time."""
        return True


class Publisher(DisplayPublisher):
    """Keeps what a cell displays."""

    def publish(
        self,
        data: Any,
        metadata: Any = None,
        source: Any = None,
        *,
        transient: Any = None,
        update: bool = False,
        **_: Any,
    ) -> None:
        name = (transient or {}).get("display_id")
        size = sum(len(str(value)) for value in data.values())
        output = {
            "output_type": "display_data",
            "data": data,
            "metadata": metadata or {},
            "id": name,
        }
        if not update:
            OUTPUTS.add(output, size)
            return
        for shown in OUTPUTS.found:
            if name is not None and shown.get("id") == name:
                OUTPUTS.left -= size
                OUTPUTS.flooded |= OUTPUTS.left < 0
                if OUTPUTS.left >= 0:
                    shown.update(output)

    def clear_output(self, wait: bool = False) -> None:
        OUTPUTS.found.clear()


class Hook(DisplayHook):
    """Keeps the value of a cell's last expression."""

    def write_output_prompt(self) -> None:
        """A notebook shows the number itself."""

    def write_format_data(self, data: Any, metadata: Any = None) -> None:
        size = sum(len(str(value)) for value in data.values())
        output = {
            "output_type": "execute_result",
            "data": data,
            "metadata": metadata or {},
            "execution_count": OUTPUTS.count,
        }
        OUTPUTS.add(output, size)

    def finish_displayhook(self) -> None:
        """There is nothing to wait for."""


class Shell(InteractiveShell):
    """IPython as it is in a notebook."""

    display_pub_class = Type(Publisher)
    displayhook_class = Type(Hook)

    def _showtraceback(self, etype: Any, evalue: Any, stb: Any) -> None:
        text = [str(line)[:LONGEST] for line in stb][-50:]
        says = evalue.msg if isinstance(evalue, SyntaxError) else evalue
        output = {
            "output_type": "error",
            "ename": str(getattr(etype, "__name__", etype))[:200],
            "evalue": str(says)[:LONGEST],
            "traceback": text,
            "line": _line(evalue),
        }
        OUTPUTS.found.append(output)  # errors always count

    def system(self, cmd: str) -> None:
        """Run what follows an exclamation mark; its output is the cell's.

        IPython's own way needs a session of its own for that.
        """
        run = subprocess.run(
            self.var_expand(cmd, depth=1),
            shell=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="locale",  # as the program that it starts writes
            errors="replace",
            check=False,
        )
        sys.stdout.write(run.stdout)
        self.user_ns["_exit_code"] = run.returncode

    def enable_gui(self, gui: Any = None) -> None:
        """A notebook here has no windows."""


class Compiler(CachingCompiler):
    """Calls each cell by its number, by which its frames are found."""

    def get_code_name(
        self, raw_code: str, transformed_code: str, number: int
    ) -> str:
        return f"cell {OUTPUTS.count}"


def _line(error: BaseException) -> int:
    """The line of the running cell in which an error arose, or 0."""
    places = [
        (frame.filename, frame.lineno)
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    if isinstance(error, SyntaxError):  # of the cell itself, or of others
        places.append((error.filename or "", error.lineno))
    here = [
        line for file, line in places if file == f"cell {OUTPUTS.count}"
    ]
    return (here[0] if here else 0) or 0


def make_shell(module: ModuleType | None = None) -> Shell:
    """The shell of this process, or one beside it, for a module's names."""
    config = Config()
    config.HistoryManager.enabled = False  # a thread, and a file
    config.InteractiveShell.colors = "nocolor"
    make = Shell if module else Shell.instance
    shell: Shell = make(
        config=config, compiler_class=Compiler, user_module=module
    )
    formatter: Any = shell.display_formatter
    formatter.active_types = formatter.format_types  # pictures too
    return shell


def execute(
    shell: Shell, source: str, number: int, most: int
) -> ExecutionResult:
    """Run a cell; `OUTPUTS` has `most` characters of its outputs."""
    OUTPUTS.begin(number, most)
    shell.execution_count = number
    return shell.run_cell(source, store_history=True)
