"""A conclusion on a page is bound to the numbers that it is drawn from.

    python -m tools.check.claims           fail, and name the sections
    python -m tools.check.claims --shrink  take what was fixed off the list

A section that computes (has a code cell) and says "best", "beats",
"cannot", "because" or another of WORDS must also have a `claim` of
rnncore.comparison or an `assert`, whose condition is no constant. What the
section asks (Predict, Check yourself) or recommends (What can go wrong) is not
looked at.

claims.json in this folder holds the exceptions: "missing" are sections
that still lack one, a list that can only shrink (a new one fails, and so
does a listed one that was fixed); "allowed" are those that need none, each
with the reason.
"""

import argparse
import ast
import itertools
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from IPython.core.inputtransformer2 import TransformerManager
from markdown_it import MarkdownIt

from rnncore.storage.files import whole_file
from tools import ROOT
from tools.pages import weave

KNOWN = Path(__file__).with_suffix(".json")
WORDS = re.compile(
    r"\b(?:best|beats?|better than|worse than|cannot|because|the reason is|"
    r"faster than|slower than|loses?|wins?|never(?! (?:saw|seen))|"
    r"far (?:better|worse|ahead)|nothing better|clearly|(?:is|are) ahead)\b",
    re.IGNORECASE,
)
UNREAD = re.compile(  # its head, questions, advice; code and mathematics
    r"\A---$.*?^---$"
    r"|^:::\{(?:admonition\} What can go wrong|predict\}|dropdown\}).*?^:::$"
    r"|`[^`\n]+`|\$[^$\n]+\$",
    re.MULTILINE | re.DOTALL,
)
PYTHON = TransformerManager()  # of lines that begin with %
ENDS = ("Check yourself", "Exercises", "Read next")  # sections for the reader


class Section(NamedTuple):
    """A part of a page between two headings of the second level."""

    page: str
    heading: str
    line: int
    prose: list[str]  # paragraphs
    code: list[str]  # the page's own cells, without the package's

    @property
    def key(self) -> str:
        """Its name on the lists."""
        return f"{self.page}: {self.heading}"

    def conclusions(self) -> list[str]:
        """The sentences that need a number to support them."""
        if not self.code or self.heading in ("", *ENDS):
            return []
        sentences = (
            " ".join(s.split())
            for text in self.prose
            for s in re.split(r"(?<=[.?!:])\s+", text)
        )
        return [s for s in sentences if WORDS.search(s) and s[-1:] != "?"]

    def is_bound(self) -> bool:
        """Whether it contains a claim or an assertion."""
        return any(
            is_binding(node) for code in self.code for node in ast.walk(ast.parse(code))
        )


def is_binding(node: ast.AST) -> bool:
    """Whether this is a claim or an assertion that can fail."""
    if isinstance(node, ast.Assert):
        return not isinstance(node.test, ast.Constant)
    if not isinstance(node, ast.Call) or len(node.args) != 2:
        return False
    names_claim = isinstance(node.func, ast.Name) and node.func.id == "claim"
    return names_claim and not isinstance(node.args[1], ast.Constant)


def split_sections(name: str, text: str) -> list[Section]:
    """A page's sections; what comes before the first has no heading."""
    # blanked out, so that the numbers of lines stay
    prose = UNREAD.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)
    found = [Section(name, "", 0, [], [])]
    tokens = MarkdownIt().parse(prose)
    for before, token in itertools.pairwise(tokens):
        if token.type != "inline" or token.map is None:
            continue
        if before.tag == "h2":
            found.append(Section(name, token.content, token.map[0], [], []))
        elif before.type == "paragraph_open":
            found[-1].prose.append(token.content)
    for cell in weave.find_cells(text):
        if not cell.names:
            *_, own = (s for s in found if s.line <= cell.start)
            own.code.append(PYTHON.transform_cell("\n".join(cell.lines)))
    return found


def find_unbound(pages: Iterable[Path]) -> dict[str, Section]:
    """The sections that conclude, and bind nothing."""
    found = {}
    for page in pages:
        parts = split_sections(page.stem, page.read_text(encoding="utf-8"))
        for part in parts:
            if part.conclusions() and not part.is_bound():
                found[part.key] = part
    return found


def find_problems(found: dict[str, Section], known: dict) -> list[str]:
    """What is new, what was fixed, what is allowed without need."""
    lines = []
    listed = [*known["missing"], *known["allowed"]]
    for key, part in found.items():
        if key not in listed:
            lines.append(
                f"book/{part.page}.md:{part.line + 1}: {part.heading!r} draws a "
                "conclusion without a claim(sentence, condition) or an assert: "
                + part.conclusions()[0]
            )
    lines += [
        f"{key}: listed in {KNOWN.name}, and needs a claim no more "
        "(python -m tools.check.claims --shrink)"
        for key in listed
        if key not in found
    ]
    return lines


def main(arguments: list[str] | None = None, known_path: Path = KNOWN) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--shrink", action="store_true", help="take fixed ones off")
    options = parser.parse_args(arguments)
    found = find_unbound(sorted((ROOT / "book").glob("ch*.md")))
    known = json.loads(known_path.read_text(encoding="utf-8"))
    if options.shrink:
        known["missing"] = [key for key in known["missing"] if key in found]
        known["allowed"] = {k: why for k, why in known["allowed"].items() if k in found}
        text = json.dumps(known, indent=1, ensure_ascii=False) + "\n"
        with whole_file(known_path) as file:
            file.write(text.encode("utf-8"))
    lines = find_problems(found, known)
    print(*lines, sep="\n", end="\n" if lines else "")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
