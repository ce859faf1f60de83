"""The book's pages as notebooks that run alone: _build/notebooks/*.ipynb.

    python -m tools.publish.notebooks

A page is MyST; Jupyter reads Markdown. Its roles become words, its boxes
headings or folded text, and where a sentence quotes a value that the page
computes, it has the value of the last build. A page that reads the
stored measurements begins with a cell that writes those which it needs; one
that draws random numbers, with a cell that holds their seed.
"""

from __future__ import annotations

import argparse
import ast
import base64
import functools
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from tools import measurements
from tools.build import book
from tools.pages import chapters, contents
from tools.site import reading

NOTEBOOKS = book.BUILD / "notebooks"
ROLE = re.compile(r"\{([A-Za-z:]+)\}`([^`]*)`")
TITLED = re.compile(r"(.*?)\s*<[^>]*>", re.DOTALL)
KINDS = (
    "admonition|predict|predict-end|dropdown|note|tip|warning|raw|figure|grid"
    "|grid-item-card"
)
BOX = re.compile(
    rf"^(:{{3,}}|`{{3,}})\{{(?P<kind>{KINDS})\}}"
    r" *(?P<title>[^\n]*)\n(?P<body>.*?)^\1 *$",
    re.DOTALL | re.MULTILINE,
)
CHOICES = re.compile(r"^:choices: (.*)$", re.MULTILINE)
OPTION = re.compile(r"^:[a-z-]+:.*\n", re.MULTILINE)
ALT = re.compile(r"^:alt: (.*)$", re.MULTILINE)
LABEL = re.compile(r"^\([\w-]+\)=\n|(?<=\$\$) *\([\w-]+\)(?= *$)", re.MULTILINE)
INCLUDED = re.compile(r"^```\{literalinclude\} (\S+)\n(?::.*\n)*```$", re.MULTILINE)
WRONG = re.compile(r"^(\S.*)\n: +(.+)$", re.MULTILINE)  # and the reply
NUMPY = re.compile(r"np\.\w+\((.*)\)")  # how NumPy 2 writes its numbers
MEASURED = "measurements/"  # how the files begin that a page reads
KEPT = "value", "unit", "seed", "command"  # of a measurement
BESIDE = '"../'  # a path out of the book's folder
GENERATOR = re.compile(r"np\.random\.default_rng\((?![\[(])")  # of one number
SEED = """\
# Another number here draws other random numbers in all cells: run them all again.
# A claim that holds for the page's own seeds only says so there.
SEED = 0"""


def make_notebook(page: Path, values: dict[str, str]) -> NotebookNode | None:
    """The page as a notebook that Jupyter shows and runs.

    None without code, and where the code reads the course's folders, which
    the notebook of a page does not have in its folder. `values` are what
    sentences quote, by name, as Python writes them.
    """
    made = book.read_notebook(page)
    if made is None:
        return None
    code = "\n".join(c.source for c in made.cells if c.cell_type == "code")
    if BESIDE in code:
        return None
    text = page.read_text("utf8")
    made.metadata.pop("source_map", None)
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    made.nbformat, made.nbformat_minor = 4, 5
    for k, cell in enumerate(made.cells):
        cell["id"] = f"cell-{k}"  # else it is drawn at random
        if cell.cell_type == "markdown":
            cell.source = to_markdown(cell.source, values, text)
        else:
            cell.source = GENERATOR.sub(r"\g<0>SEED + ", cell.source)
    if MEASURED in code:
        made.cells.insert(
            1, new_code_cell(_make_measurements_cell(code), id="measurements")
        )
    if GENERATOR.search(code):
        made.cells.insert(1, new_code_cell(SEED, id="seed"))
    nbformat.validate(made)
    return made


def to_markdown(text: str, values: dict[str, str], page: str = "") -> str:
    """MyST as Markdown that Jupyter shows; `page` is the page it comes from."""

    def role(match: re.Match[str]) -> str:
        return _format_role(match[1], match[2], values, page)

    text = INCLUDED.sub(_format_printed, contents.COMMENT.sub("", text))
    return ROLE.sub(role, LABEL.sub("", BOX.sub(_format_box, text)))


def _format_printed(match: re.Match[str]) -> str:
    file = book.BOOK / match[1]
    return f"```python\n{file.read_text('utf8')}```"


def _format_box(match: re.Match[str]) -> str:
    title, body = match["title"].strip(), OPTION.sub("", match["body"]).strip()
    if match["kind"] == "raw":  # a live figure: its question, and its still
        return "*(A live figure stands here in the book.)*"
    if match["kind"] == "figure":  # in the notebook, which runs alone
        picture = base64.b64encode((book.BOOK / title).read_bytes()).decode()
        alt = ALT.search(match["body"])
        words = alt[1] if alt else ""
        return f"![{words}](data:image/svg+xml;base64,{picture})\n\n*{body}*"
    if match["kind"] == "grid":
        return BOX.sub(_format_box, body)
    if match["kind"] == "dropdown":
        return (
            f"<details><summary>{title}</summary>\n\n"
            f"{_format_wrong_answers(BOX.sub(_format_box, body))}\n\n</details>"
        )
    if match["kind"] == "predict-end":
        return ""
    if match["kind"] == "predict":
        title = "Predict"
        if choices := CHOICES.search(match["body"]):
            body += "\n\n- " + "\n- ".join(choices[1].strip("'\"").split(" | "))
    return f"> **{title}**\n>\n> " + BOX.sub(_format_box, body).replace("\n", "\n> ")


def _format_wrong_answers(answer: str) -> str:
    """Its definition list of wrong answers as a list, which Jupyter shows."""
    first = WRONG.search(answer)
    if first is None:
        return answer
    ours, wrong = answer[: first.start()], answer[first.start() :]
    return f"{ours}**Usual wrong answers**\n\n" + WRONG.sub(r"- \1 \2", wrong)


def _format_role(name: str, words: str, values: dict[str, str], page: str) -> str:
    if name == "glue:text":
        key, _, form = words.partition(":")
        return _quote(values.get(key), form)
    if name == "minutes":
        return reading.format_number(words, page, book.BOOK)
    if name == "eq":
        return "(the equation of that name in the book)"
    if name.lower().startswith("chapter"):
        parts = _number_chapters(book.BOOK).parts(name, words)
        return "".join(part.words for part in parts)
    titled = TITLED.fullmatch(words)
    plain = titled[1] if titled else words
    if name.startswith("cite"):
        return f"[{plain}]"
    return plain.replace("%s", "").strip()


@functools.cache
def _number_chapters(folder: Path) -> chapters.Chapters:
    return chapters.read(folder)


def _quote(value: str | None, form: str) -> str:
    if value is None:
        return "*(computed below)*"
    number = ast.literal_eval(NUMPY.sub(r"\1", value))
    return format(number, form) if form else str(number)


def _make_measurements_cell(code: str) -> str:
    """A cell that writes the stored measurements that the code may read."""
    words = {*re.findall(r"\w+", code), *re.findall(r"[\w-]+", code)}
    lines = [
        "# What took too long for a page was measured once, and is read from a file.",
        "from pathlib import Path\n",
        f'Path("{MEASURED}").mkdir(exist_ok=True)',
    ]
    for path in sorted((book.BOOK / MEASURED).glob("*.json")):
        if path.stem not in words:
            continue
        kept = {
            key: {part: entry[part] for part in KEPT}
            for key, entry in measurements.read(path).items()
            if key.split(".")[0] in words
        }
        lines += [
            f'Path("{MEASURED}{path.name}").write_text(r"""{json.dumps(kept)}""");'
        ]
    return "\n".join(lines)


def quoted_values(cells: Iterable[NotebookNode]) -> dict[str, str]:
    """What an executed page's sentences quote, by name."""
    found: dict[str, str] = {}
    for cell in cells:
        for output in cell.get("outputs", []):
            about: dict[str, Any] = output.get("metadata", {}).get("scrapbook", {})
            for kind, value in output.get("data", {}).items():
                if "name" in about and kind.endswith("text/plain"):
                    found[about["name"]] = value
    return found


def write_all(
    folder: Path, pages: Iterable[Path] | None = None, first: NotebookNode | None = None
) -> list[Path]:
    """Write the notebooks of pages with code; the book was built before.

    Each begins with the cell `first`, where there is one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kept = book.BUILD / "executed"
    built = (kept / book.compute_digest(book.what_all_cells_use())).exists()
    executions = book.Executions(kept) if built else None
    if executions is None:
        print("The book is not built as it stands: its values are left out.")
    written = []
    for page in book.page_paths() if pages is None else pages:
        source = book.read_notebook(page)
        if source is None:
            continue
        values = {}
        if executions is not None and executions.holds(source):
            record = executions.cache.match_cache_notebook(source)
            bundle = executions.cache.get_cache_bundle(record.pk)
            values = quoted_values(bundle.nb.cells)
        made = make_notebook(page, values)
        if made is None:
            continue
        if first is not None:
            made.cells.insert(0, first)
        written.append(folder / f"{page.stem}.ipynb")
        nbformat.write(made, written[-1])
    return written


def main() -> None:
    """Write them, and say where they are."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=NOTEBOOKS)
    options = parser.parse_args()
    written = write_all(options.out)
    print(f"{len(written)} notebooks in {options.out}")


if __name__ == "__main__":
    main()
