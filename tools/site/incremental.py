"""A Sphinx extension that has all pages written again where they must be.

Sphinx itself writes the pages that it has read again. But a page shows the
titles of the others, and what they name by label, number or term.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from tools.site import links

KEPT = "shown-by-others"  # in the folder of the doctrees


def list_pages_to_write(app: Sphinx, env: Any) -> list[str]:
    """All pages if something changed that one shows of another, or else none.

    That is a title, what references name, a term's definition, a work in the
    bibliography, a style sheet or a script.
    """
    standard = env.get_domain("std")
    sheets = [p for p in Path(app.srcdir, "_static").rglob("*.[cj]s*") if p.is_file()]
    shown = [
        {page: title.astext() for page, title in env.titles.items()},
        {name: [*map(str, place)] for name, place in standard.labels.items()},
        standard.anonlabels,
        standard.objects,
        env.toc_fignumbers,
        env.get_domain("math").equations,
        {name: one[:2] for name, one in env.get_domain("py").objects.items()},
        {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in sheets},
    ]
    if links.GLOSSARY in env.found_docs:
        shown.append(dict(links.find_definitions(env)))
    if "cite" in env.domains:
        cited = env.get_domain("cite").citations
        shown.append({c.citation_id: c.entry.to_string("bibtex") for c in cited})
    # JSON refuses sets, whose order differs from one run to the next
    text = json.dumps([sorted(part.items()) for part in shown])
    key = hashlib.sha256(text.encode()).hexdigest()
    kept = Path(app.doctreedir, KEPT)
    if kept.exists() and kept.read_text("utf8") == key:
        return []
    kept.write_text(key, "utf8")
    return [*env.found_docs]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx, after figures were numbered."""
    app.connect("env-get-updated", list_pages_to_write, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
