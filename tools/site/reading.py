"""Write at the top of each page how many minutes it takes to read.

Counted are the words of the prose, the displayed equations and the lines of
code that are not folded, each in words: a line of code takes as long as nine
words, about twice those that it holds, and an equation as long as sixty. Left
out are a self-test, whose time its page's head names, and the usual wrong
answers to the closing questions, of which a reader unfolds their own.
"""

import math
import re

import yaml

from rnncore.files import whole_file
from tools import ROOT
from tools.build import weave

A_MINUTE = 230  # words
LINE, EQUATION = 9, 60  # words
MOST = 20  # minutes; a longer page is split
HEAD = re.compile(r"^\*(\d+) minutes to read", re.MULTILINE)
DISPLAYED = re.compile(r"^\$\$.*?^\$\$", re.DOTALL | re.MULTILINE)
# A wrong answer, as a reader would say it, and the reply to it.
WRONG = re.compile(r'^(".+")\n: (.+)$', re.MULTILINE)
FOLDED = {"hide-input", "remove-input", "remove-cell"}


def options(text: str, cell: weave.Cell) -> dict:
    """The YAML that stands between a cell's fence and its code."""
    lines = text.splitlines()
    start = cell.start
    while not lines[start - 1].startswith("```{code-cell}"):
        start -= 1
    head = [line for line in lines[start : cell.start] if line != "---"]
    if head and head[0].startswith(":"):
        head = [re.sub(r"^:([\w-]+):", r"\1:", line) for line in head]
    return yaml.safe_load("\n".join(head)) or {}


def prose(text: str) -> str:
    """A page without code, front matter and displayed equations."""
    blocks = r"\A---.*?^---$|^```.*?^```$"
    text = re.sub(blocks, "", text, flags=re.DOTALL | re.MULTILINE)
    return DISPLAYED.sub("", text)


def minutes(text: str) -> int:
    """How long a page takes to read, rounded up."""
    text, _, _ = text.partition("\n## Self-test")
    text = WRONG.sub("", text)
    shown = [
        line
        for cell in weave.cells(text)
        if not FOLDED & set(options(text, cell).get("tags", []))
        for line in cell.lines
        if line.strip()
    ]
    words = len(prose(text).split())
    words += LINE * len(shown) + EQUATION * len(DISPLAYED.findall(text))
    return math.ceil(words / A_MINUTE)


def stamped(text: str) -> str:
    """The page with its minutes in the line beneath the title."""
    return HEAD.sub(f"*{minutes(text)} minutes to read", text, count=1)


def main() -> None:
    for page in sorted((ROOT / "book").glob("ch*.md")):
        before = page.read_text(encoding="utf-8")
        after = stamped(before)
        if after != before:
            with whole_file(page) as file:
                file.write(after.encode("utf-8"))
            print(f"{page.name}: {minutes(after)} minutes to read")


if __name__ == "__main__":
    main()
