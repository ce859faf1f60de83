"""The live figures' code as the built book has it.

A module of book/_static/live is served without its comments and indentation.
A page that is opened from a folder can import no module and fetch no data.
For it each figure also has one script, NAME.js, of all the modules that it
needs, and each file of data gets a script.
"""

import json
import os
from pathlib import Path

from rnncore.display.scripts import join_modules

DEFINES = "customElements.define("


def shorten_module(code: str) -> str:
    """Return a module without indentation and the comments that fill lines."""
    lines = map(str.strip, _without_comments(code).splitlines())
    return "\n".join(filter(None, lines)) + "\n"


def _without_comments(code: str) -> str:
    kept = []
    inside = False
    for line in code.splitlines():
        text = line.strip()
        begins = inside or text.startswith("/*")
        inside = begins and not text.endswith("*/")
        if not begins and not text.startswith("//"):
            kept.append(line)
    return "\n".join(kept)


def bundle(name: str, modules: dict[str, str]) -> str:
    """Return one classic script that does what the module does.

    Raises ValueError for an import or export of another form than here.
    """
    return (
        '(() => {\n"use strict";\nconst HERE = document.currentScript.src;\n'
        f"{join_modules(name, modules)}}})();\n"
    )


def write_code(folder: Path) -> None:
    """Shorten the modules of a built book's _static/live; add the scripts."""
    modules = {
        path.stem: shorten_module(path.read_text("utf8"))
        for path in sorted(folder.glob("*.mjs"))
    }
    for name, code in modules.items():
        _replace(folder / f"{name}.mjs", code)
        if DEFINES in code:
            _replace(folder / f"{name}.js", bundle(name, modules))
    for path in sorted((folder / "data").glob("*.json")):
        content = json.dumps(json.loads(path.read_text("utf8")), separators=(",", ":"))
        script = f"(window.LIVE_DATA ??= {{}})[{json.dumps(path.stem)}]={content};\n"
        _replace(path.with_suffix(".js"), script)


def _replace(path: Path, text: str) -> None:
    new = path.with_name(f"{path.name}.new")
    new.write_text(text, "utf8")
    os.replace(new, path)
