"""What executed pages gave, in one file that a release brings along.

    python -m tools.build.outputs save FILE
    python -m tools.build.outputs take FILE      or make book OUTPUTS=FILE

A page whose cells, and the files that they read, are those it was executed
with is then only rendered; the others are executed as ever. A release made by
`make publish` has the file among its downloads.
"""

import argparse
import json
import sys
import zipfile
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from rnncore.storage.files import whole_file
from tools import ROOT
from tools.build import book
from tools.build.book import BUILD, BuildError, Executions, PageRun

WHEN = (1980, 1, 1, 0, 0, 0)  # the same bytes each time


def read_pages() -> dict[Path, NotebookNode]:
    """The pages that have code, as their sources say."""
    found = {page: book.read_notebook(page) for page in book.page_paths()}
    return {page: notebook for page, notebook in found.items() if notebook}


def save_outputs(executions: Executions, path: Path) -> None:
    """Write the file.

    Raises BuildError where a page has not been executed as it stands.
    """
    with whole_file(path) as file, zipfile.ZipFile(file, "w") as archive:
        for page, notebook in read_pages().items():
            if not executions.holds(notebook):
                raise BuildError(f"{page.stem} is not executed: make book comes first")
            record = executions.cache.match_cache_notebook(notebook)
            executed = executions.cache.get_cache_bundle(record.pk).nb
            parts = {
                "ipynb": nbformat.writes(executed),
                "json": json.dumps(record.data, sort_keys=True),
            }
            for kind, text in parts.items():
                member = zipfile.ZipInfo(f"{page.stem}.{kind}", WHEN)
                member.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(member, text)


def take_outputs(executions: Executions, path: Path) -> int:
    """Keep the outputs of the pages that they fit; how many.

    Raises BuildError where the file is not what `save_outputs` wrote.
    """
    taken = 0
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            for page, notebook in read_pages().items():
                if f"{page.stem}.ipynb" not in names or executions.holds(notebook):
                    continue
                executed = nbformat.reads(archive.read(f"{page.stem}.ipynb"), 4)
                data = json.loads(archive.read(f"{page.stem}.json"))
                if not _fits(notebook, executed, data["uses"]):
                    continue
                run = PageRun(float(data["execution_seconds"]), data["uses"])
                executions.keep(page, executed, run)
                taken += 1
    except (KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise BuildError(
            f"{path}: expected a file that `make publish` wrote, got {error!r}"
        ) from error
    return taken


def _fits(notebook: NotebookNode, executed: NotebookNode, uses: dict[str, str]) -> bool:
    """Whether these are the outputs of these cells with the files as they are."""
    asked, given = (
        [c.source for c in made.cells if c.cell_type == "code"]
        for made in (notebook, executed)
    )
    return asked == given and all(
        book.digest_file(ROOT / name) == was for name, was in uses.items()
    )


def main() -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("save", "take"))
    parser.add_argument("file", type=Path)
    given = parser.parse_args()
    with book.lock_folder(BUILD):
        executions = Executions(BUILD / "executed")
        try:
            if given.what == "save":
                save_outputs(executions, given.file)
                return
            taken = take_outputs(executions, given.file)
        except (BuildError, OSError) as error:
            sys.exit(f"{error}\nThe book was not built.")
    print(f"{taken} pages need not be executed: {given.file.name} has their outputs")


if __name__ == "__main__":
    main()
