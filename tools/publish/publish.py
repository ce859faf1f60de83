"""Makes one folder for any static host: `python -m tools.publish.publish`.

    _build/site/index.html       leads to the latest edition, names the others
    _build/site/404.html         leads to the edition nearest to a wrong address
    _build/site/latest/          a copy of the edition that was published last
    _build/site/0.1.0/           the book, under the version of rnncore
    _build/site/0.1.0/download/  PDF, the wheel, each page as a notebook

Addresses are relative, so the folder works under any prefix, and no page
asks another host. An edition's folder is only ever replaced by the same
edition: the rest of the folder stays unchanged, so that old
addresses keep working. Give --site the folder that holds the earlier ones. With
--latest it replaces latest/ alone: what a host does at each change.

Times in the files are those of the last commit, or SOURCE_DATE_EPOCH: an
edition that is published twice is byte for byte the same.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import jinja2

import rnncore
from tools import ROOT
from tools.build import book
from tools.pages import contents
from tools.publish import (
    PublishError,
    colab,
    find_time,
    notebooks,
    require_program,
    set_time,
)
from tools.publish.volume import pdf
from tools.publish.volume.paper import (
    VOLUMES,
    Entry,
    list_entries,
    read_settings,
    select_pages,
    set_title,
)

VERSION = re.compile(r"\d+(\.\d+)*([a-z]+\d+)?")
DOWNLOADS, LATEST = "download", "latest"
OUTPUTS = "outputs.zip"  # that `python -m tools.build.outputs save` wrote
NOT_PUBLISHED = shutil.ignore_patterns(".made-from", ".buildinfo", ".doctrees")
WHEEL = """
import sys
from setuptools import build_meta
build_meta.build_wheel(sys.argv[1])
"""  # in a process: the backend reads the command line
MENU = re.compile(
    r'(<div class="dropdown dropdown-download-buttons">.*?<ul[^>]*>)', re.DOTALL
)
ITEM = (
    '<li><a href="{}download/index.html" class="btn btn-sm dropdown-item">'
    '<span class="btn__text-container">PDF, notebooks</span></a></li>'
)
TEMPLATES = jinja2.Environment(
    autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined
)
HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
{% block refresh %}{% endblock %}
<title>{{ title }}</title></head>
<body style="font-family: sans-serif; line-height: 1.5; margin: 2rem auto; max-width: 40rem; padding: 0 1rem">
"""
SHELF = TEMPLATES.from_string(
    HEAD.replace(
        "{% block refresh %}{% endblock %}",
        '<meta http-equiv="refresh" content="0; url=latest/index.html">',
    )
    + """<main><h1>{{ title }}</h1>
<p><a href="latest/index.html">The latest edition, {{ latest }}</a></p>
<ul>
{% for version in versions %}
<li><a href="{{ version }}/index.html">Edition {{ version }}</a>:
 <a href="{{ version }}/download/index.html">PDF, notebooks, package</a></li>
{% endfor %}
</ul></main></body></html>
"""
)
LISTED = TEMPLATES.from_string(
    HEAD.replace("{% block refresh %}{% endblock %}\n", "")
    + """<main><p><a href="../index.html">{{ title }}</a></p><h1>To take away</h1>
<ul>
{% for name, what, size in files %}
<li><a href="{{ name }}" download>{{ what }}</a> ({{ size }})</li>
{% endfor %}
</ul>
<p>The package: <code>python -m pip install {{ wheel }}</code></p>
<h2>Pages as notebooks</h2>
<ul>
{% for name, what in pages %}
<li><a href="{{ name }}" download>{{ what }}</a>{% if colab %} (<a href="{{ colab }}/{{ name }}">open in Colab</a>){% endif %}</li>
{% endfor %}
</ul>
{% if assignments %}
<h2>Assignments</h2>
<ul>
{% for name, what in assignments %}
<li><a href="{{ name }}" download>{{ what }}</a> (<a href="{{ colab }}/{{ name }}">open in Colab</a>)</li>
{% endfor %}
</ul>
{% endif %}
</main></body></html>
"""
)


def build_wheel(into: Path, epoch: int, root: Path = ROOT) -> Path:
    """Build rnncore's wheel from what git knows of the folder.

    Raises PublishError where there is no git repository, or setuptools fails.
    """
    listed = subprocess.run(
        [require_program("git"), "ls-files", "-z", "-co", "--exclude-standard"],
        check=False,
        cwd=root,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        raise PublishError(f"no wheel: {listed.stderr.strip()}")
    with tempfile.TemporaryDirectory() as scratch:
        for name in filter(None, listed.stdout.split("\0")):
            if (root / name).is_file():
                copy = Path(scratch) / name
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(root / name, copy)
        made = subprocess.run(
            [sys.executable, "-c", WHEEL, str(into.resolve())],
            check=False,
            cwd=scratch,
            env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch)},
            capture_output=True,
            text=True,
        )
    if made.returncode:
        raise PublishError(f"no wheel: {made.stderr.strip()[-2000:]}")
    (path,) = into.glob("*.whl")
    return path


def write_edition(
    html: Path,
    toc: list[Entry],
    into: Path,
    *,
    code: bool,
    epoch: int,
    github: colab.Place | None = None,
) -> None:
    """Write the built book and what can be taken away of it.

    What lies on GitHub then, Colab opens.
    """
    shutil.copytree(html, into, ignore=NOT_PUBLISHED)
    config = read_settings(book.CONFIG)
    place = into / DOWNLOADS
    place.mkdir()
    name = f"{config['project']}-book-{rnncore.__version__}"
    files = []
    for kind in VOLUMES:
        part = select_pages(toc, kind)
        if not part:
            continue
        stem = name if kind == "book" else f"{name}-{kind}"
        what = VOLUMES[kind] or "The learner's book"
        title = set_title(config, kind)
        made = pdf.make_pdf(html, part, title, code=code, epoch=epoch)
        (place / f"{stem}.pdf").write_bytes(made)
        files.append((f"{stem}.pdf", f"{what}, PDF"))
    outputs = html.parent / OUTPUTS
    if outputs.exists():
        shutil.copyfile(outputs, place / OUTPUTS)
        files.append((OUTPUTS, "What the pages' cells give: make book OUTPUTS="))
    built = build_wheel(place, epoch)
    pages = [book.BOOK / f"{entry.page}.md" for entry in toc]
    first = colab.make_first_cell(github, built.name) if github else None
    written = notebooks.write_all(place, pages, first)
    files.append((built.name, "The package rnncore, a wheel"))
    listed = [(path.name, _read_title(path.stem)) for path in written]
    tasks = colab.write_assignments(place, github, built.name) if github else []
    _list(place, files, listed, tasks, config, github)
    _link_downloads(into, [entry.page for entry in toc])
    if github:
        colab.link_pages(into, github, {path.stem for path in written}, tasks)


def _read_title(page: str) -> str:
    found = contents.TITLE.search((book.BOOK / f"{page}.md").read_text("utf8"))
    return found[1] if found else page


def _list(
    place: Path,
    files: list[tuple[str, str]],
    pages: list[tuple[str, str]],
    tasks: list[str],
    config: dict[str, Any],
    github: colab.Place | None,
) -> None:
    rows = [
        (name, what, f"{(place / name).stat().st_size / 1e6:.1f} MB")
        for name, what in files
    ]
    text = LISTED.render(
        title=config["title"],
        files=rows,
        wheel=files[-1][0],
        pages=pages,
        assignments=[(path, Path(path).stem) for path in tasks],
        colab=colab.find_notebook(github, "").rstrip("/") if github else "",
    )
    (place / "index.html").write_text(text, "utf8")


def _link_downloads(folder: Path, pages: list[str]) -> None:
    """Name the downloads in each page's menu.

    Raises PublishError where a page has no such menu.
    """
    for name in pages:
        path = folder / f"{name}.html"
        up = "../" * name.count("/")
        text, found = MENU.subn(
            rf"\g<1>{ITEM.format(up)}", path.read_text("utf8"), count=1
        )
        if not found:
            raise PublishError(f"{path.name}: expected a menu of downloads, found none")
        path.write_text(text, "utf8")


def list_versions(site: Path) -> list[str]:
    """The editions in a folder, the newest first."""
    found = [p.name for p in site.iterdir() if VERSION.fullmatch(p.name) and p.is_dir()]
    return sorted(found, key=lambda v: [int(n) for n in re.findall(r"\d+", v)])[::-1]


def publish(
    html: Path,
    toc: list[Entry],
    site: Path,
    *,
    code: bool,
    epoch: int,
    source: str = "",
    branch: str = colab.BRANCH,
    latest: bool = False,
) -> Path:
    """Put the edition into the folder, or only its copy `latest`; its path.

    Where the source is a repository on GitHub, the folder is to be its branch.

    Raises PublishError, and changes nothing, where a part cannot be made.
    """
    version = rnncore.__version__
    if not VERSION.fullmatch(version):
        raise PublishError(f"version: expected a number such as 1.2, got {version!r}")
    if not (html / "index.html").exists():
        raise PublishError(f"there is no {html / 'index.html'}: make book builds it")
    site.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=site, prefix=".new-") as scratch:
        new = Path(scratch) / (LATEST if latest else version)
        github = colab.find_place(source, branch, f"{new.name}/{DOWNLOADS}")
        write_edition(html, toc, new, code=code, epoch=epoch, github=github)
        made = [new]
        if not latest:
            made.append(Path(scratch) / LATEST)
            shutil.copytree(new, made[1])
        set_time(made, epoch)
        for folder in made:
            book.put_in_place(folder, site / folder.name)
    shelf = SHELF.render(
        title=read_settings(book.CONFIG)["title"],
        latest=version,
        versions=list_versions(site),
    )
    (site / "index.html").write_text(shelf, "utf8")
    shutil.copyfile(html / "404.html", site / "404.html")  # a host looks there
    (site / ".nojekyll").touch()  # GitHub Pages leaves out _static without it
    set_time([site / name for name in ("index.html", "404.html", ".nojekyll")], epoch)
    return site / (LATEST if latest else version)


def main() -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--site", type=Path, default=book.BUILD / "site", metavar="DIR")
    parser.add_argument("--html", type=Path, default=book.BUILD / "html", metavar="DIR")
    parser.add_argument(
        "--code", action="store_true", help="paper with the folded code"
    )
    parser.add_argument(
        "--source",
        default=os.environ.get("BOOK_SOURCE", ""),
        metavar="URL",
        help="the repository; on GitHub, pages and assignments open in Colab",
    )
    parser.add_argument(
        "--branch",
        default=colab.BRANCH,
        help="of that repository, which is to hold the site (%(default)s)",
    )
    parser.add_argument(
        "--latest", action="store_true", help="no edition: latest/ alone"
    )
    args = parser.parse_args()
    try:
        toc = list_entries(book.BOOK / "_toc.yml")
        made = publish(
            args.html,
            toc,
            args.site,
            code=args.code,
            epoch=find_time(),
            source=args.source,
            branch=args.branch,
            latest=args.latest,
        )
    except PublishError as error:
        sys.exit(f"{error}\nNothing was published.")
    print(f"{made}  (and {args.site / 'index.html'})")


if __name__ == "__main__":
    main()
