"""The live figures' modules of JavaScript, made into one script.

A page opened from a folder can import no module, and a notebook has no
folder beside it: each module becomes a function that returns its exports,
so that their names stay apart.
"""

import re

IMPORT = re.compile(
    r'^import \{([\w\s,]*)\}\s+from "\./(\w+)\.mjs";\n?', re.MULTILINE
)
EXPORT = re.compile(
    r"^export (?=(?:async function|function|class|const) (\w+))",
    re.MULTILINE,
)
LEFT = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def list_needed(name: str, modules: dict[str, str]) -> list[str]:
    """A module's name after those of all its imports, each once.

    Raises ValueError if one is missing.
    """
    if name not in modules:
        raise ValueError(
            f"{name}.mjs: expected a module beside it, got none"
        )
    order: list[str] = []
    for _, other in IMPORT.findall(modules[name]):
        needed = list_needed(other, modules)
        order += [one for one in needed if one not in order]
    return [*order, name]


def join_modules(name: str, modules: dict[str, str]) -> str:
    """A module with all that it needs, as statements in this order.

    `HERE` stands for the address of each. Raises ValueError for an import
    or export of another form than here.
    """
    needed = list_needed(name, modules)
    return "".join(_wrap(one, modules[one]) for one in needed)


def _wrap(name: str, code: str) -> str:
    """A module as a constant that holds what it exports."""
    exports = EXPORT.findall(code)
    inside = IMPORT.sub(_take_names, EXPORT.sub("", code))
    if left := LEFT.search(inside):
        raise ValueError(
            f'{name}.mjs: expected import {{ ... }} from "./NAME.mjs" or '
            "the export of a function, class or const, got "
            f"{left[0]}"
        )
    inside = inside.replace("import.meta.url", "HERE")
    return (
        f"const ${name} = (() => {{\n{inside}\n"
        f"return {{ {', '.join(exports)} }};\n}})();\n"
    )


def _take_names(match: re.Match[str]) -> str:
    """An import as names taken from what a module's function returned."""
    named = match[1].replace(" as ", ": ")
    return f"const {{{named}}} = ${match[2]};\n"
