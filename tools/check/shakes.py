"""Says which claims are a bet on the processor.

    python -m tools.check.shakes ch05_counting --shakes 20
    python -m tools.check.shakes --shakes 1 --first 20261128   all pages, once
    python -m tools.check.shakes --shakes 1 --first 20261128 --third   some pages
    python -m tools.check.shakes --unshaken     as they are, on this processor

Executes pages with all that they draw at random moved in its last digits, by
up to one part in ten million: as far as another processor moves a sum. Training
carries that into the first digits. Lists, page by page, each claim that did not
hold, with the numbers of the shakes, and fails if there is one, or a page raised.
Nothing is kept: the build of the book executes its pages itself.
"""

import argparse
import importlib
import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tools.build import book
from tools.build.kernels import Manager, start_fork_server
from tools.pages.false_claims import FalseClaim, find_false_claims


class Shaken(NamedTuple):
    """A page's claims that did not hold and why it raised, each with the shakes."""

    page: Path
    false: dict[FalseClaim, list[int | None]]
    raised: dict[str, list[int | None]]


def shake_page(
    page: Path, shake: int | None, manager: type[Manager]
) -> list[FalseClaim]:
    """The page's false claims in one shake; raises BuildError as the book does."""
    notebook = book.read_notebook(page)
    assert notebook is not None
    book.execute(page, notebook, manager, shake=shake)
    return find_false_claims(page, notebook, notebook)


def shake_pages(
    pages: list[Path], shakes: Sequence[int | None], jobs: int
) -> Iterator[Shaken]:
    """Execute each page in each shake, `jobs` at a time; a result for each page."""
    importlib.import_module("matplotlib.font_manager")  # makes its list, with a warning
    with start_fork_server() as manager, ThreadPoolExecutor(jobs) as pool:
        runs = {
            page: {k: pool.submit(shake_page, page, k, manager) for k in shakes}
            for page in pages
        }
        for page, of_page in runs.items():
            yield _collect(page, of_page)


def _collect(page: Path, runs: dict[int | None, Future[list[FalseClaim]]]) -> Shaken:
    found = Shaken(page, defaultdict(list), defaultdict(list))
    for shake, run in runs.items():
        try:
            false = run.result()
        except book.BuildError as error:
            found.raised[str(error)].append(shake)
            continue
        for claim in false:
            found.false[claim].append(shake)
        print(f"  {page.stem}, shake {shake}: {len(false)} false", flush=True)
        for claim in false:
            print(f"    {claim.sentence}", flush=True)
    return found


def report(found: Shaken, shakes: Sequence[int | None]) -> None:
    """Print a line for a page, and one for each claim that did not hold."""
    ran = len(shakes) - sum(map(len, found.raised.values()))
    print(f"{found.page.stem}: {len(found.false)} claims false, {ran} runs", flush=True)
    for why, when in found.raised.items():
        print(f"  raised{_count(when, shakes)}: {why}", flush=True)
    for claim, when in sorted(found.false.items()):
        where = f"book/{claim.page}.md:{claim.line}"
        print(f"  {where}: false{_count(when, shakes)}: {claim.sentence}", flush=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="default: all")
    parser.add_argument("--shakes", type=int, default=3, help="how many (default 3)")
    parser.add_argument("--first", type=int, default=1, help="number of the first")
    some = "each third page alone; --first says which is their first"
    parser.add_argument("--third", action="store_true", help=some)
    parser.add_argument("--unshaken", action="store_true", help="once, as it is")
    jobs = min(os.cpu_count() or 1, 4)
    parser.add_argument("--jobs", type=int, default=jobs, help="pages at a time")
    options = parser.parse_args(arguments)
    pages = {page.stem: page for page in book.page_paths() if book.read_notebook(page)}
    names = [name.removesuffix(".md") for name in options.pages] or list(pages)
    if unknown := sorted(set(names) - set(pages)):
        parser.error(f"expected pages with code, got {', '.join(unknown)}")
    if options.third:
        names = names[options.first % 3 :: 3]
    shakes: list[int | None] = [None]
    if not options.unshaken:
        shakes = list(range(options.first, options.first + options.shakes))
    held = True
    for found in shake_pages([pages[name] for name in names], shakes, options.jobs):
        report(found, shakes)
        held &= not (found.false or found.raised)
    return 0 if held else 1


def _count(when: list[int | None], shakes: Sequence[int | None]) -> str:
    if shakes == [None]:
        return ""
    numbers = ", ".join(map(str, sorted(filter(None, when))))
    return f" in {len(when)} of {len(shakes)} shakes ({numbers})"


if __name__ == "__main__":
    sys.exit(main())
