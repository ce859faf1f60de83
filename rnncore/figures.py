"""The pages' live figures as JavaScript that a notebook can be given.

A page loads a figure's modules one by one, from the folder beside it; a
notebook has no such folder, so that they become one module here.
"""

import hashlib
import json
import re
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

IMPORT = re.compile(
    r'^import \{([^}]*)\} from "\./(\w+)\.mjs";', re.MULTILINE
)
EXPORT = re.compile(
    r"^export (?=(?:async )?(?:function|const|class) )", re.MULTILINE
)
EXPORTED = re.compile(
    r"^export (?:async )?(?:function|const|class) (\w+)", re.MULTILINE
)
FIELDS = re.compile(
    r"^  static fields = \{(.*?)\};", re.MULTILINE | re.DOTALL
)
BEFORE = """\
const HERE = "file:///", figures = {};
const customElements = {
  define: (name, figure) => { figures[name] = figure; },
};
const fetch = async ({ pathname }) => ({
  json: async () => FILES[pathname.slice("/data/".length, -5)],
});"""  # a notebook has no folder beside it: what is fetched is in FILES


def _folder() -> Path:
    """Where the modules are: in the wheel, or in the course's folder."""
    package = Path(str(resources.files("rnncore")))
    installed = package / "live"
    here = package.parent / "book" / "_static" / "live"
    return installed if installed.is_dir() else here


@cache
def names() -> list[str]:
    """The names of all live figures, as `live` takes them."""
    return sorted(
        path.stem
        for path in _folder().glob("*.mjs")
        if "customElements.define(" in path.read_text("utf-8")
    )


def fields(name: str) -> list[str]:
    """The fields of a figure's state, which its attributes may set."""
    text = (_folder() / f"{name}.mjs").read_text("utf-8")
    (inside,) = FIELDS.findall(text)
    return re.findall(r"(\w+): \[", inside)


def _needed(name: str, found: dict[str, str]) -> dict[str, str]:
    """A module's text after those of all that it imports."""
    if name not in found:
        text = (_folder() / f"{name}.mjs").read_text("utf-8")
        for _, other in IMPORT.findall(text):
            _needed(other, found)
        found[name] = text
    return found


def data(name: str) -> dict[str, Any]:
    """What a figure of the pages fetches, by the names of the files."""
    text = "".join(_needed(name, {}).values())
    wanted = re.findall(r'^  static data = "([\w-]+)"', text, re.MULTILINE)
    if "data/letters-" in text:
        wanted += ["letters-lstm", "letters-gru"]
    wanted += re.findall(r'"data/([\w-]+)\.json"', text)
    folder = _folder() / "data"
    return {
        k: json.loads((folder / f"{k}.json").read_text("utf-8"))
        for k in wanted
    }


def bundle(name: str, files: dict[str, Any]) -> str:
    """One module of JavaScript with all that a figure needs.

    Each of the pages' modules becomes a function that returns its exports,
    so that their names stay apart; what they would fetch is brought along.
    """
    parts = [f"const FILES = {json.dumps(files)};", BEFORE]
    for module, text in _needed(name, {}).items():
        exported = ", ".join(EXPORTED.findall(text))
        text = EXPORT.sub("", IMPORT.sub(_taken, text))
        text = text.replace("import.meta.url", "HERE")
        parts.append(
            f"const _{module} = (() => {{\n{text}\n"
            f"return {{ {exported} }};\n}})();"
        )
    parts.append(f'const NAME = "{name}";')
    shown = resources.files("rnncore").joinpath("widgets.mjs")
    made = "\n".join([*parts, shown.read_text("utf-8")])
    version = hashlib.sha256(made.encode()).hexdigest()[:12]
    return f'const VERSION = "{version}";\n{made}'


def _taken(match: re.Match[str]) -> str:
    """An import as names taken from what a module's function returned."""
    named = match[1].replace(" as ", ": ")
    return f"const {{{named}}} = _{match[2]};"
