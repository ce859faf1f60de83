"""Packs an assignment's grader for Gradescope: make gradescope ASSIGNMENT=NAME.

The zip holds the grader, the package, the assignment's source with its
hidden tests, and the two scripts that Gradescope asks for. It is tried with the
assignment's own answers before it is written. Only Gradescope and those who
teach may have it.
"""

from __future__ import annotations

import argparse
import ast
import hmac
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import BinaryIO

from grader import CODE, ROOT
from grader.assignments import builder
from grader.course.home import make_home
from grader.course.seeds import course_secret
from grader.course.settings import CONFIG_NAME, SetupError, load_config
from grader.course.variants import Variants
from grader.services.tree import LEFT_OUT
from grader.services.trial import try_gradescope
from rnncore.storage.files import whole_file

FOLDERS = ("grader", "rnncore")
UNUSED = ("# publishing", "# tests and checks")  # of requirements-dev.txt
SETUP = """\
#!/usr/bin/env bash
# Runs once, as root, when Gradescope builds the image: Ubuntu 24.04 or later.
set -euo pipefail
base="${AUTOGRADER:-/autograder}"
apt-get update -qq
apt-get install -y -qq bubblewrap python3 python3-venv
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11) and
  "Python 3.11 or newer is needed: choose a newer base image")'
python3 -m venv "$base/venv"
pip=("$base/venv/bin/python" -m pip install --quiet --no-cache-dir)
# the wheel of torch for processors alone is a tenth of the other's size
torch=$(grep -o '^torch==[0-9.]*' "$base/source/requirements.txt")
"${pip[@]}" --no-deps --retries 1 --index-url https://download.pytorch.org/whl/cpu \\
  "$torch" || echo "$torch comes from PyPI, with its libraries for GPUs" >&2
"${pip[@]}" --requirement "$base/source/requirements.txt" \\
  --constraint "$base/source/constraints.txt"
"""
RUN = """\
#!/usr/bin/env bash
# Runs for each submission: grades it, writes results/results.json.
set -euo pipefail
base="${{AUTOGRADER:-/autograder}}"
cd "$base/source"
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONPATH="$base/source"
exec "${{AUTOGRADER_PYTHON:-$base/venv/bin/python}}" \\
  -m grader.services.gradescope "$base" {name}{options} "$@"
"""
# What counts there of nbgrader_config.py. Due dates and late work are Gradescope's;
# modules of the course's own that a late rule needs would not be there.
KEPT = ("CourseDirectory", "Execute", "Grader", "IgnorePattern")
LEFT = ("root", "db_url", "sandbox", "workers")
CONFIG = """\
from pathlib import Path

ROOT = Path(__file__).resolve().parent
c = get_config()
c.CourseDirectory.root = str(ROOT)
c.CourseDirectory.db_url = f"sqlite:///{ROOT}/grading/gradebook.db"
"""


def main(argv: list[str] | None = None) -> int:
    """Write the zip; return 2 if the assignment does not exist."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("name", nargs="?", metavar="ASSIGNMENT")
    parser.add_argument("--output", type=Path, metavar="ZIP")
    parser.add_argument(
        "--no-sandbox",
        action="store_true",
        help="for containers in which bubblewrap cannot make namespaces",
    )
    options = parser.parse_args(argv)
    try:
        name = find_assignment(options.name)
        path = options.output or ROOT / "grading" / "gradescope" / f"{name}.zip"
        write(name, path, sandboxed=not options.no_sandbox)
    except (ValueError, SetupError) as error:
        print(f"make gradescope: {error}", file=sys.stderr)
        return 2
    print(f"Written: {path}\nIt holds hidden tests: upload it, and publish it nowhere.")
    return 0


def find_assignment(name: str | None) -> str:
    """The assignment that was asked for. Raises ValueError."""
    known = builder.list_buildable()
    if name not in known:
        raise ValueError(
            f"ASSIGNMENT: one of {', '.join(known)} is expected, got {name!r}"
        )
    return name


def write(name: str, path: Path, *, sandboxed: bool = True) -> None:
    """Write the zip of one assignment, if it grades.

    Raises ValueError if it does not; what was at `path` before stays.
    """
    with tempfile.TemporaryDirectory() as scratch:
        tree, packed = Path(scratch) / "tree", Path(scratch) / "packed.zip"
        _fill(name, tree, sandboxed)
        with packed.open("wb") as file:
            _pack(tree, file)
        print("Trying it with the assignment's own answers ...", flush=True)
        try_gradescope(packed, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as file:
            file.write(packed.read_bytes())


def _fill(name: str, tree: Path, sandboxed: bool) -> None:
    """All files of the zip, in their places."""
    for folder in FOLDERS:
        shutil.copytree(CODE / folder, tree / folder, ignore=LEFT_OUT)
    shutil.copy(CODE / "constraints.txt", tree)
    learners = (CODE / "requirements.txt").read_text("utf-8")
    graders = select_requirements((CODE / "requirements-dev.txt").read_text("utf-8"))
    (tree / "requirements.txt").write_text(f"{learners}\n{graders}", "utf-8")
    with tempfile.TemporaryDirectory() as built:
        builder.build(name, Path(built), Variants(ROOT / "grading").find_shared(name))
        source = Path("grading") / "source" / name
        shutil.copytree(Path(built) / source, tree / "course" / source)
    config = read_configuration(ROOT)
    (tree / "course" / CONFIG_NAME).write_text(config, "utf-8")
    (tree / "course" / "grading" / ".secret").write_bytes(_derive_secret(name))
    options = "" if sandboxed else " --no-sandbox"
    run = RUN.format(name=name, options=options)
    for script, text in (("setup.sh", SETUP), ("run_autograder", run)):
        (tree / script).write_text(text, "utf-8")
        (tree / script).chmod(0o755)


def read_configuration(root: Path) -> str:
    """The settings of a course that decide how a notebook is graded, and no more.

    Raises ValueError if one of them is no plain value.
    """
    lines = [CONFIG]
    for section, settings in load_config(root).items():
        for key, value in settings.items() if section in KEPT else ():
            if key in LEFT:
                continue
            try:
                ast.literal_eval(repr(value))
            except (ValueError, SyntaxError) as error:
                raise ValueError(
                    f"c.{section}.{key} in {CONFIG_NAME}: expected numbers, texts, "
                    f"lists or dicts, got {value!r}"
                ) from error
            lines.append(f"c.{section}.{key} = {value!r}\n")
    return "".join(lines)


def _derive_secret(name: str) -> bytes:
    """A secret for this assignment that does not reveal the course's."""
    home = make_home(ROOT / "grading")
    return hmac.digest(course_secret(home), f"gradescope {name}".encode(), "sha256")


def select_requirements(requirements: str) -> str:
    """The requirements without the sections that grading does not use."""
    parts = requirements.split("\n\n")
    return "\n\n".join(p for p in parts if not p.startswith(UNUSED)) + "\n"


def _pack(tree: Path, file: BinaryIO) -> None:
    """Zip the files of a folder, not the folder itself."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(tree.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(tree))


if __name__ == "__main__":
    sys.exit(main())
