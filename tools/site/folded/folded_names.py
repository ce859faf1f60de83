"""A Sphinx extension that says of names in visible code where each is
defined, if that is in a folded cell only.

A reader who unfolds nothing meets names that no visible cell defines. Beneath
a visible cell is a line with those that it uses for the first time, each
linked to its cell, which opens. The imports of a page's first cell go without.
"""

import ast
import symtable
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from docutils import nodes
from IPython.core.inputtransformer2 import TransformerManager
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

from tools.pages import weave
from tools.site import reading


class Use(NamedTuple):
    """Names that a visible cell uses, and the folded cells that define them."""

    cell: int  # among the page's code cells, from 0
    defined: dict[str, int]


def find_uses(text: str) -> list[Use]:
    """Of a page's source, each visible cell that needs folded ones."""
    seen: set[str] = set()
    folded: dict[str, int] = {}
    found = []
    for k, cell in enumerate(weave.find_cells(text)):
        code = TransformerManager().transform_cell("\n".join(cell.lines))
        needed, made = find_names(code)
        if reading.is_folded(text, cell):
            if k == 0:
                made -= _find_imported_names(code)
            folded |= dict.fromkeys(made, k)
            continue
        new = {name: folded[name] for name in needed - seen if name in folded}
        if new:
            found.append(Use(k, dict(sorted(new.items()))))
        seen |= made | set(new)
    return found


def find_names(code: str) -> tuple[set[str], set[str]]:
    """The names that a cell takes from cells before it, and those that it makes."""
    table = symtable.symtable(code, "cell", "exec")
    made = {s.get_name() for s in table.get_symbols() if s.is_assigned()}
    made |= {s.get_name() for s in table.get_symbols() if s.is_imported()}
    return set(_find_wanted_names(table)) - made, made


def _find_wanted_names(table: symtable.SymbolTable) -> Iterator[str]:
    """The global names that a scope and the scopes in it read."""
    top = table.get_type() == "module"
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (top or symbol.is_global()):
            yield symbol.get_name()
    for child in table.get_children():
        yield from _find_wanted_names(child)


def _find_imported_names(code: str) -> set[str]:
    """What a cell imports."""
    statements = ast.walk(ast.parse(code))
    imports = [s for s in statements if isinstance(s, ast.Import | ast.ImportFrom)]
    return {(a.asname or a.name).split(".")[0] for s in imports for a in s.names}


class Folded(SphinxPostTransform):
    """Writes the line beneath a cell."""

    default_priority = 10  # before myst-nb puts folded cells into their boxes
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Change the page's cells."""
        source = Path(self.env.doc2path(self.env.docname))
        if source.suffix != ".md":
            return
        text = source.read_text(encoding="utf-8")
        shown = self._shown(text)
        for use in find_uses(text):
            links = [self._link(shown[k], n) for n, k in use.defined.items()]
            line = nodes.paragraph("", "Folded above: ", classes=["folded-names"])
            for k, link in enumerate(links):
                line += [nodes.Text(", ")] * (k > 0) + [link]
            line += nodes.Text(".")
            cell = shown[use.cell]
            code = next(n for n in cell if n.get("nb_element") == "cell_code_source")
            cell.insert(cell.index(code) + 1, line)

    def _shown(self, text: str) -> dict[int, nodes.container]:
        """The page's cells by their place among those of the source."""
        cells = weave.find_cells(text)
        tags = [reading.read_options(text, cell).get("tags", []) for cell in cells]
        stay = [k for k, names in enumerate(tags) if "remove-cell" not in names]
        there = [
            node
            for node in self.document.findall(nodes.container)
            if node.get("nb_element") == "cell_code"
        ]
        return dict(zip(stay, there, strict=True))

    def _link(self, cell: nodes.container, name: str) -> nodes.reference:
        block = cell.next_node(nodes.literal_block)
        if not block["ids"]:
            block["ids"].append(f"code-{cell['cell_index']}")
        link = nodes.reference("", "", internal=True, refid=block["ids"][0])
        link += nodes.literal("", name)
        return link


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_post_transform(Folded)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
