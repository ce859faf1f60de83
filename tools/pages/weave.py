"""Copy the package's definitions into the chapters that print them.

A code cell of a page that starts with marker lines such as

    # rnncore.rnn.rnn_cell
    # rnncore.rnn.relu_cell

is owned by this script, which writes the source of those definitions
beneath them. `--check` writes nothing and fails where a page and the
package disagree, where a public name of a teaching module is in no
chapter or in two, and where an unmarked cell defines such a name.
"""

import argparse
import ast
import difflib
import re
import sys
from collections import defaultdict
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from IPython.core.inputtransformer2 import TransformerManager
from markdown_it import MarkdownIt

from rnncore.storage.files import whole_file
from tools import ROOT

MARKER = re.compile(r"# (rnncore(?:\.\w+)+)\s*$")

# Where the book builds what; a module in a folder has a dotted name, such
# as "text.sampling". A module whose chapter is not written yet is left
# alone. A name of its own chapter is listed here with its module.
CHAPTERS = {
    name: chapter
    for chapter, names in {
        "ch01": "sequence",
        "ch02": "rnn",
        "ch03": "bptt rtrl",
        "ch04": "losses optim train characters",
        "ch05": "gradient_flow slow_points reservoir",
        "ch06": "lstm",
        "ch07": "gru",
        "ch08": "layers norm",
        "ch09": "nn",
        "ch10": "text.vocabulary text.splits text.ngrams text.model "
        "text.sampling text.generation text.probe",
        "ch11": "forecast.windows forecast.covariates forecast.models "
        "forecast.heads forecast.training forecast.scores "
        "forecast.backtest forecast.volatility",
        "ch12": "music.score music.frames music.voices music.generate music.infill",
        "ch13": "seq2seq translate.subwords translate.training translate.baselines",
        "ch14": "seq2seq.DotScore seq2seq.AdditiveScore seq2seq.attend "
        "seq2seq.AttentionDecoder translate.training.DECODERS "
        "translate.training.build_translator",
        "ch15": "ctc transducer speech.features speech.model speech.letters",
        "ch16": "video.files video.model",
        "ch17": "video.captions",
        "ch18": "scan",
        "ch19": "factors tracking",
        "ch20": "memory xlstm",
        "ch21": "chunks newton depth",
        "ch22": "diagonal blocks text.blocks",
    }.items()
    for name in names.split()
}

# Names of those modules that no page prints: they hold no idea of their chapter.
UNPRINTED = {
    "rnncore.nn.EQUATIONS",
    "rnncore.nn.STEPS",
    "rnncore.nn.InputError",
    "rnncore.nn.Hidden",
    "rnncore.nn.Recurrent",
    "rnncore.nn.Run",
    "rnncore.nn.RNN",
    "rnncore.nn.LSTM",
    "rnncore.nn.GRU",
    "rnncore.nn.one_direction",
    "rnncore.speech.model.save_recognizer",
}


class Definition(NamedTuple):
    """Where a name of the package is defined, and the lines that do it."""

    path: Path
    line: int
    source: list[str]


class PageCell(NamedTuple):
    """A code cell of a page: its first line (from 0), its lines, its names."""

    start: int
    lines: list[str]
    names: list[str]


def read_definitions(path: Path) -> dict[str, Definition]:
    """Each name that a module defines at its top level."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    found = {}
    for node in ast.parse(text).body:
        for name in _find_defined(node):
            decorators = getattr(node, "decorator_list", [])
            first = min([node.lineno, *(d.lineno for d in decorators)])
            source = lines[first - 1 : node.end_lineno]
            found[name] = Definition(path, first, source)
    return found


def read_package(folder: Path) -> dict[str, Definition]:
    """Each definition under its full name, such as rnncore.rnn.rnn_cell.

    A module in a folder has a dotted name, rnncore.text.sampling; what a
    folder's __init__ defines has the folder's name.
    """
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        module = ".".join(p for p in parts if p != "__init__")
        for name, definition in read_definitions(path).items():
            found[f"{module}.{name}"] = definition
    return found


@lru_cache(maxsize=256)
def find_cells(text: str) -> tuple[PageCell, ...]:
    """The code cells of a page in MyST Markdown."""
    lines = text.splitlines()
    found = []
    for token in MarkdownIt().disable("inline").parse(text):
        if token.map is None or not token.info.startswith("{code-cell}"):
            continue
        start, end = token.map[0] + 1, token.map[1] - 1
        start = _skip_options(lines, start, end)
        body = lines[start:end]
        names = []
        for line in body:
            match = MARKER.match(line)
            if not match:
                break
            names.append(match.group(1))
        found.append(PageCell(start, body, names))
    return tuple(found)


def weave(text: str, known: dict[str, Definition], page: str = "page") -> str:
    """The page with every marked cell rewritten.

    Raises KeyError naming page, line and name where a marker names nothing.
    """
    lines = text.splitlines()
    for cell in reversed(find_cells(text)):
        if not cell.names:
            continue
        for k, name in enumerate(cell.names):
            if name not in known:
                where = f"{page}:{cell.start + k + 1}"
                raise KeyError(f"{where}: {name}: no such definition")
        written = [f"# {name}" for name in cell.names]
        for k, name in enumerate(cell.names):
            source = known[name].source
            several = len(source) > 1
            written += ["", ""] * (k > 0 and several) + source
        lines[cell.start : cell.start + len(cell.lines)] = written
    return "\n".join(lines) + "\n"


def find_disagreements(page: Path, known: dict[str, Definition]) -> list[str]:
    """A diff, headed by file and line, for each marked cell that differs."""
    text = page.read_text(encoding="utf-8")
    found = []
    for cell, woven in zip(
        find_cells(text), find_cells(weave(text, known, page.name)), strict=True
    ):
        if cell.lines == woven.lines:
            continue
        name = cell.names[0]
        source = known[name]
        diff = difflib.unified_diff(
            cell.lines, woven.lines, "page", "package", lineterm="", n=1
        )
        found.append(
            f"{_shorten_path(page)}:{cell.start + 1}: {name} is not what "
            f"{_shorten_path(source.path)}:{source.line} says (make weave "
            "writes it)\n  " + "\n  ".join(diff)
        )
    return found


def find_misplaced(pages: list[Path], known: dict[str, Definition]) -> list[str]:
    """Public names printed in no chapter, in two, or in a wrong one."""
    written = [_get_chapter(p) for p in pages]
    where = defaultdict(list)
    for page, chapter in zip(pages, written, strict=True):
        for cell in find_cells(page.read_text(encoding="utf-8")):
            for name in cell.names:
                where[name].append((chapter, f"{page.name}:{cell.start + 1}"))
    found = []
    for name in list_teaching_names(known):
        chapter = _find_chapter(name)
        if chapter not in written:
            continue
        places = where[name]
        expected = [] if name in UNPRINTED else [chapter]
        if [c for c, _ in places] != expected:
            listed = ", ".join(p for _, p in places) or "nowhere"
            wanted = f"once in {chapter}" if expected else "nowhere (UNPRINTED)"
            found.append(f"{name}: stands in {listed}, not {wanted}")
    return found


def find_redefined(page: Path, known: dict[str, Definition]) -> list[str]:
    """Unmarked cells that define a public name that its reader has met."""
    public = {
        name.rpartition(".")[2]
        for name in list_teaching_names(known)
        if _find_chapter(name) <= _get_chapter(page)
    }
    clean = TransformerManager().transform_cell
    found = []
    for cell in find_cells(page.read_text(encoding="utf-8")):
        if cell.names:
            continue
        for node in ast.parse(clean("\n".join(cell.lines))).body:
            for name in public & set(_find_defined(node)):
                line = cell.start + node.lineno
                found.append(
                    f"{_shorten_path(page)}:{line}: {name} is a name of the "
                    "package: mark the cell, or take another name"
                )
    return found


def _find_chapter(name: str) -> str:
    """The chapter that a public name of a teaching module belongs to."""
    module = _get_module(name)
    return CHAPTERS.get(f"{module}.{name.split('.')[-1]}", CHAPTERS[module])


def _get_chapter(page: Path) -> str:
    """ "ch05" of ch05_gradients.md."""
    return page.stem.split("_")[0].rstrip("abc")


def list_teaching_names(known: dict[str, Definition]) -> list[str]:
    """The public names of the modules that a chapter builds."""
    return [
        name
        for name in known
        if _get_module(name) in CHAPTERS and not name.rpartition(".")[2].startswith("_")
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    known = read_package(ROOT / "rnncore")
    pages = sorted((ROOT / "book").glob("ch*.md"))
    if check:
        problems = find_misplaced(pages, known)
        for page in pages:
            problems += find_disagreements(page, known) + find_redefined(page, known)
        print("\n".join(problems) or f"{len(pages)} pages agree with rnncore")
        return 1 if problems else 0
    changed = []
    for page in pages:
        before = page.read_text(encoding="utf-8")
        after = weave(before, known, page.name)
        if after != before:
            with whole_file(page) as file:
                file.write(after.encode("utf-8"))
            changed.append(page.name)
    print(f"{len(pages)} pages, changed: {', '.join(changed) or 'none'}")
    return 0


def _get_module(name: str) -> str:
    """Of rnncore.text.sampling.nucleus: text.sampling."""
    return ".".join(name.split(".")[1:-1])


def _find_defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = (
        node.targets
        if isinstance(node, ast.Assign)
        else [node.target]
        if isinstance(node, ast.AnnAssign)
        else []
    )
    names = [n for t in targets for n in ast.walk(t)]
    return [
        n.id for n in names if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    ]


def _skip_options(lines: list[str], start: int, end: int) -> int:
    """The first line of code: after `---` YAML `---`, or `:key: value`."""
    if start < end and lines[start].strip() == "---":
        return lines.index("---", start + 1) + 1
    while start < end and re.match(r":[\w-]+:", lines[start]):
        start += 1
    return start


def _shorten_path(path: Path) -> str:
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


if __name__ == "__main__":
    sys.exit(main())
