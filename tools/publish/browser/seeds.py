"""Which cells of a page depend on a seed, and what running one again takes.

Below such a cell the page gets a place for a button (another-seed.js), and
beside the browser's Python lie the sources of the page's cells, with the list
of those that each experiment needs: a reader waits for these alone. What is
read from the stored measurements is shown again with one recorded seed alone.
"""

from __future__ import annotations

import ast
import copy
import json
import shutil
import symtable
from collections.abc import Collection, Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

from tools.publish.browser.lite_kernel import Refused

HERE = Path(__file__).parent
KERNEL = "extensions/@jupyterlite/xeus-python-kernel/static"
PAGES = "ch0[1-8]_*.ipynb"
MEASURED = "measurements/"
GENERATOR = "default_rng"
STORED = "read_text"  # how a page opens the measurements
CLOCKS = {"perf_counter"}  # measure the machine, whatever the seed
GONE = "remove-cell"
MARK = "<!--lite-->", "<!--/lite-->"
SCRIPT = "lite/another-seed/another-seed.js"
# The button's place is there before its script, so that nothing moves.
STYLE = (
    "<style>another-seed{display:none}@media screen and (scripting:enabled)"
    "{another-seed{display:block;min-height:2.4em}}</style>"
)


class Names(NamedTuple):
    """What a source does with the names of its module."""

    reads: set[str]  # before it binds them
    late: set[str]  # read when a function of it is called
    binds: set[str]  # or changes in place
    fresh: set[str]  # bound before all else, so that no older value is left


class Experiment(NamedTuple):
    """Cells by number: to run first, to show, and with claims about it.

    Where `recorded`, it computes nothing and shows stored measurements.
    """

    before: list[int]
    shown: int
    after: list[int]
    recorded: bool = False


# --------------------------------------------------------- what needs what


def names(source: str) -> Names:
    """Read a cell's names off its statements, in order; raises SyntaxError."""
    found = Names(set(), set(), set(), set())
    _follow(ast.parse(source).body, found)
    return found


def _follow(body: Sequence[ast.AST], into: Names) -> None:
    for node in body:
        match node:
            case ast.For(target=target, iter=head):
                _follow([head], into)
                inner = into._replace(fresh=into.fresh | names_bound(target))
                into.binds.update(names_bound(target))
                _follow([*node.body, *node.orelse], inner)
            case ast.With(items=items):
                _follow([item.context_expr for item in items], into)
                _bind({n for item in items for n in names_bound(item)}, into)
                _follow(node.body, into)
            case ast.If(test=head) | ast.While(test=head):
                _follow([head], into)
                for branch in node.body, node.orelse:
                    _follow(branch, into._replace(fresh=set(into.fresh)))
            case _:
                _one(node, into)


def _one(node: ast.AST, into: Names) -> None:
    """A statement that is none of others, an expression, or a `try`."""
    table = symtable.symtable(ast.unparse(_lazy(node)), "cell", "exec")
    now, late = _scopes(table, called=False)
    changed = set(_changed(node))
    into.reads.update((now | late | changed) - into.fresh)
    into.late.update(late)
    into.binds.update(changed)
    bound = {
        s.get_name()
        for s in table.get_symbols()
        if s.is_assigned() or s.is_imported() or s.is_namespace()
    }
    if isinstance(node, ast.Try | ast.Match):
        into.binds.update(bound)
    else:
        _bind(bound, into)


def _bind(bound: set[str], into: Names) -> None:
    into.binds.update(bound)
    into.fresh.update(bound - into.reads)


class _Lazy(ast.NodeTransformer):
    """Generators in place of comprehensions, which Python 3.12 puts inline.

    A symbol table then has their names in a scope of their own, as ever.
    """

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp) -> ast.AST:
        self.generic_visit(node)
        return ast.GeneratorExp(node.elt, node.generators)

    visit_SetComp = visit_ListComp

    def visit_DictComp(self, node: ast.DictComp) -> ast.AST:
        self.generic_visit(node)
        both = ast.Tuple([node.key, node.value], ast.Load())
        return ast.GeneratorExp(both, node.generators)


def _lazy(node: ast.AST) -> ast.AST:
    return _Lazy().visit(copy.deepcopy(node))


def _scopes(table: symtable.SymbolTable, called: bool) -> tuple[set[str], set[str]]:
    """The module's names that are read now, and when a function is called."""
    whole = table.get_type() == "module"
    read = {
        s.get_name()
        for s in table.get_symbols()
        if s.is_referenced() and (whole or s.is_global())
    }
    now, late = (set(), read) if called else (read, set())
    for child in table.get_children():
        later = called or child.get_name() != "genexpr"
        more = _scopes(child, later and child.get_type() == "function")
        now, late = now | more[0], late | more[1]
    return now, late


def _changed(whole: ast.AST) -> Iterator[str]:
    """Names whose values are changed in place, outside functions."""
    waiting = [whole]
    while waiting:
        node = waiting.pop()
        target: ast.AST | None = None
        match node:
            case ast.FunctionDef() | ast.Lambda():
                continue
            case ast.AugAssign():
                target = node.target
            case ast.Subscript(ctx=ast.Store()) | ast.Attribute(ctx=ast.Store()):
                target = node
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=target))):
                pass
        while isinstance(target, ast.Subscript | ast.Attribute):
            target = target.value
        if isinstance(target, ast.Name):
            yield target.id
        waiting += ast.iter_child_nodes(node)


def names_bound(node: ast.AST) -> set[str]:
    """The names that are assigned in a part of a statement."""
    return {
        part.id
        for part in ast.walk(node)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }


def _generators(sources: Sequence[str]) -> set[str]:
    """Names that are bound to generators: reading one draws from it."""
    return {
        name
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and called(node.value) == GENERATOR
        for name in names_bound(node)
    }


def needed(sources: Sequence[str], last: int) -> list[int]:
    """The cells before `last` whose work it uses, directly or not."""
    every = [names(source) for source in sources[: last + 1]]
    modules = _modules(sources)
    drawn = _generators(sources[: last + 1])
    late: set[str] = set()
    while True:
        wanted, found = set(every[last].reads), []
        for k in range(last - 1, -1, -1):
            here = every[k]
            gives = here.binds - (modules - here.fresh) | (drawn & here.reads)
            if gives & (wanted | late):
                found.append(k)
                wanted = (wanted - here.fresh) | here.reads
        more = {n for k in [*found, last] for n in every[k].late}
        if more <= late:
            return found[::-1]
        late |= more


def _modules(sources: Sequence[str]) -> set[str]:
    """Names of modules: to call a function of one does not change it."""
    return {
        (alias.asname or alias.name).partition(".")[0]
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import)
        for alias in node.names
    }


def depend(sources: Sequence[str], functions: set[str]) -> set[int]:
    """The cells that call a function of those names, or use what it gave."""
    drawn: set[str] = set()  # names that depend on it
    found = set()
    for k, source in enumerate(sources):
        for node in ast.parse(source).body:
            here = names(ast.unparse(node))
            if functions & _called(node) or drawn & here.reads:
                drawn |= here.binds
                if not isinstance(node, ast.FunctionDef):
                    found.add(k)
            else:
                drawn -= here.binds
    return found


def _called(node: ast.AST) -> set[str]:
    return {called(part) for part in ast.walk(node) if isinstance(part, ast.Call)}


def called(node: ast.Call) -> str:
    """The last name of what is called: f of f(), a.f() and a.b.f()."""
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def experiments(
    notebook: dict[str, Any], with_output: Collection[int]
) -> list[Experiment]:
    """The cells to offer, of those that have an output in the page."""
    cells = code_cells(notebook)
    sources = ["".join(cell["source"]) for cell in cells]
    drawn = depend(sources, {GENERATOR})
    stored = any(cell["id"] == "measurements" for cell in cells)
    read = depend(sources, {STORED}) - drawn if stored else set()
    found = []
    for k in sorted((drawn - depend(sources, CLOCKS) | read) & set(with_output)):
        of = read if k in read else drawn
        after = []
        for later in range(k + 1, len(cells)):
            if later in with_output or GONE not in _tags(cells[later]):
                break
            if later in of and _claims(sources[later]):
                after.append(later)
        uses = {n for each in [k, *after] for n in needed(sources, each)}
        uses |= {k, *after}
        if any(MEASURED in sources[n] for n in uses):
            uses |= {n for n, c in enumerate(cells) if c["id"] == "measurements"}
        found.append(Experiment(sorted(uses - {k, *after}), k, after, k in read))
    return found


def _claims(source: str) -> bool:
    module = ast.parse(source)
    asserts = any(isinstance(node, ast.Assert) for node in module.body)
    return asserts or "claim" in _called(module)


def code_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """A notebook's cells with code."""
    return [c for c in notebook["cells"] if c["cell_type"] == "code"]


def _tags(cell: dict[str, Any]) -> list[str]:
    tags: list[str] = cell["metadata"].get("tags", [])
    return tags


# ------------------------------------------------------------ in the page


class _Cells(HTMLParser):
    """Where each cell of a page ends, and whether it shows an output."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=False)
        self.starts = [0]  # of lines, for the parser counts in lines
        for line in text.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.open: list[bool] = []  # divs; whether it is a cell
        self.ends: list[tuple[int, bool]] = []
        self.output = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "div":
            classes = (dict(attrs).get("class") or "").split()
            self.open.append("cell" in classes)
            self.output = self.output or "cell_output" in classes

    def handle_endtag(self, tag: str) -> None:
        if tag == "div" and self.open and self.open.pop():
            line, column = self.getpos()
            self.ends.append((self.starts[line - 1] + column, self.output))
            self.output = False


def with_places(text: str, notebook: dict[str, Any]) -> tuple[str, list[Experiment]]:
    """A page's HTML with a place for a button below each experiment.

    Raises Refused where page and notebook have not the same cells.
    """
    ends = _Cells(text).ends
    cells = code_cells(notebook)
    there = [
        k
        for k, cell in enumerate(cells)
        if GONE not in _tags(cell) and cell["id"] != "measurements"
    ]
    if len(there) != len(ends):
        raise Refused(
            f"the page shows {len(ends)} cells and its notebook {len(there)}: "
            "run make book first"
        )
    with_output = [k for k, (_, shows) in zip(there, ends, strict=True) if shows]
    found = experiments(notebook, with_output)
    place = {k: end for k, (end, _) in zip(there, ends, strict=True)}
    for experiment in reversed(found):
        end = place[experiment.shown]
        recorded = " recorded" if experiment.recorded else ""
        tag = f'<another-seed cell="{experiment.shown}"{recorded}></another-seed>'
        text = f"{text[:end]}{MARK[0]}{tag}{MARK[1]}{text[end:]}"
    if found:
        script = f'<script defer src="{SCRIPT}"></script>'
        for part, at in (STYLE, "</head>"), (script, "</body>"):
            text = text.replace(at, f"{MARK[0]}{part}{MARK[1]}{at}", 1)
    return text, found


def add_to(html: Path) -> None:
    """Give the pages of a built book, with lite/ in it, their buttons.

    Raises Refused where a page is not built from the cells of its notebook.
    """
    lite, folder = html / "lite", html / "lite" / "another-seed"
    folder.mkdir()
    shutil.copy(HERE / "another-seed.js", folder)
    for name in "another-seed-worker.js", "another_seed.py":
        shutil.copy(HERE / name, lite / KERNEL)
    for path in sorted((lite / "files" / "pages").glob(PAGES)):
        page = html / f"{path.stem}.html"
        if not page.exists():  # a course may have a part of the chapters
            continue
        notebook = json.loads(path.read_text("utf-8"))
        text, found = with_places(page.read_text("utf-8"), notebook)
        if not found:
            continue
        page.write_text(text, "utf-8")
        needs = {e.shown: {"before": e.before, "after": e.after} for e in found}
        sources = ["".join(cell["source"]) for cell in code_cells(notebook)]
        kept = {"sources": sources, "experiments": needs}
        (folder / f"{path.stem}.json").write_text(json.dumps(kept), "utf-8")
