"""What is folded in a finished page says what it holds.

A folded cell is a line such as "Code: Fig. 6.1, 24 lines". Of a docstring in
printed code of the package the first line is seen, and a button for the rest;
without a script all of it is there.
"""

import html
import re

TAG = re.compile(r"<[^>]*>")
CELL = re.compile(
    r"<details class=\"[^\"]*\bhide above-input\b[^\"]*\">\s*<summary\b[^>]*>"
    r"(?P<summary>.*?)</summary>.*?<pre>(?P<code>.*?)</pre>.*?</details>"
    r"(?P<after>.*?)(?=<div class=\"cell |<details class=\"[^\"]*\bhide\b|\Z)",
    re.DOTALL,
)
FIGURE = re.compile(r'<span class="caption-number">\s*([^<]*?)\s*</span>')
NAMED = re.compile(r"^(?:def|class) (\w+)", re.MULTILINE)
IMPORTS = re.compile(
    r"^(?:(?:from|import) .*?(?:\([^)]*\))?|use_style\(\))$", re.MULTILINE
)
PRINTED = re.compile(
    r'(<pre><span></span><span class="c1"># rnncore\.[\w.]+</span>)(.*?)(?=</pre>)',
    re.DOTALL,
)
QUOTES = r'(?:"|&quot;){3}'
DOCSTRING = re.compile(
    rf'(<span class="sd">[rR]?{QUOTES}(?:(?!{QUOTES}).)*</span>)'
    r'((?:\n(?:<span class="sd">[^\n]*</span>)?)*?\n'
    rf'<span class="sd">[^\n]*{QUOTES}</span>)'
)
MORE = (
    '<button type="button" class="doc-more" aria-expanded="false"'
    ' aria-label="The rest of the docstring"></button>'
    '<span class="doc-rest">'
)


def say_what_is_folded(page: str) -> str:
    """The page with lines that name what its folded cells hold."""
    return CELL.sub(_with_name, page)


def _with_name(cell: re.Match[str]) -> str:
    code = html.unescape(TAG.sub("", cell["code"])).strip("\n")
    lines = code.count("\n") + 1
    many = f"{lines} line{'s' * (lines != 1)}"
    label = (
        f'<p class="admonition-title">Code: {_choose_content(code, cell)}, {many}</p>'
    )
    start = cell.start("summary") - cell.start()
    end = cell.end("summary") - cell.start()
    return cell[0][:start] + label + cell[0][end:]


def _choose_content(code: str, cell: re.Match[str]) -> str:
    """What a folded cell shows, or else what it defines."""
    if number := FIGURE.search(cell["after"]):
        return number[1]
    if not IMPORTS.sub("", code).strip():
        return "imports"
    if "<img" in cell["after"]:
        return "the picture below"
    if "<table" in cell["after"]:
        return "the table below"
    names = NAMED.findall(code)
    if names:
        more = " and more" if len(names) > 3 else ""
        return ", ".join(names[:3]) + more
    if "<audio" in cell["after"] or "<video" in cell["after"]:
        return "what is played below"
    return "imports and settings" if code.startswith(("import", "from")) else "a step"


def fold_docstrings(page: str) -> str:
    """The page with a button after the first line of each printed docstring."""
    return PRINTED.sub(
        lambda code: code[1] + DOCSTRING.sub(rf"\1{MORE}\2</span>", code[2]), page
    )
