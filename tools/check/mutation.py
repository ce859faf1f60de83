"""Changes the code a little, thousands of times: does a test object?

mutmut makes the mutants of each module below, and runs those tests that reach
them: of the grader all quick ones, of rnncore those of these modules. What no
test objects to is in tests/tools/survivors.json with the reason why that does no
harm; one without a reason is a failure.

Left out of the grader: what runs in a separate process, which executes the
code on disk and not the mutant, or is tested by complete runs, in seconds each
(`commands/`, `run/`, `systems/` but `lms.py`, `isolation/` but the wire format,
`trusted/` but the proxies and their link, `course/settings.py` and `gradebook.py`,
`reports/overview.py` and `rubric.py`), and `assignments/`, whose tests build
assignments.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

from mutmut.configuration import config
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code

from tools import ROOT

MODULES = [
    "rnncore/backend.py",
    "rnncore/rnn.py",
    "rnncore/bptt.py",
    "rnncore/losses.py",
    "rnncore/optim.py",
    "rnncore/train.py",
    "rnncore/gradient_flow.py",
    "rnncore/lstm.py",
    "rnncore/gru.py",
    "rnncore/characters.py",
    "grader/notebook/failures.py",
    "grader/notebook/names.py",
    "grader/notebook/cells.py",
    "grader/notebook/repair.py",
    "grader/notebook/restore.py",
    "grader/notebook/sanitise.py",
    "grader/course/late.py",
    "grader/course/fingerprint.py",
    "grader/course/seeds.py",
    "grader/course/submissions.py",
    "grader/course/versions.py",
    "grader/reports/changes.py",
    "grader/systems/lms.py",
    "grader/reports/points.py",
    "grader/reports/similarity.py",
    "grader/reports/integrity.py",
    "grader/trusted/proxies.py",
    "grader/trusted/link.py",
    "grader/isolation/serialization.py",
    "grader/notebook/task_texts.py",
    "grader/reports/feedback.py",
    "grader/untrusted.py",
]
ELSEWHERE = [  # what is not in the copy: a system's programs, the code on disk
    "test_importing_brings_torch_only_where_torch_is_the_subject",
    "test_a_killed_run_resumes_exactly",
    "test_whoever_looks_sees_a_complete_file",
    "test_a_server_starts_in_a_group_below_what_is_delegated",
]
SECONDS = [  # each; what they try at random, a table in the same file says
    "test_a_tree_of_plain_values_comes_back",
    "test_any_text",
    "test_any_json",
    "test_any_bytes",
    "test_a_corpus_changed_at_random",
]
PATH = ROOT / "tests/tools/survivors.json"
GUIDE = ROOT / "tests" / "README.md"
SHARE = re.compile(r"[\d,]+ of [\d,]+ mutants")
WHERE = ("function", "was", "is")
KILLED = {"killed", "timeout", "segfault"}  # anything but "passed"


def mutate(modules: list[str]) -> None:
    """Run their package's quick tests on each mutant, and keep what came."""
    from mutmut.__main__ import cli  # changes how processes start

    folder = ROOT / "mutants"
    (folder / "mutmut-stats.json").unlink(missing_ok=True)  # of other modules
    package = modules[0].partition("/")[0]
    about = config()
    about.only_mutate = modules
    about.also_copy = list_tracked()
    about.pytest_add_cli_args += [f"-k=not {' and not '.join([*ELSEWHERE, *SECONDS])}"]
    if package == "grader":
        os.environ["PATH"] = ""  # without bwrap: complete runs in it take long
        about.pytest_add_cli_args += ["-m=not (slow or system or weekly)"]
        about.pytest_add_cli_args_test_selection = ["tests/grader"]
    else:  # thousands: those of the modules
        names = [Path(name).stem for name in MODULES if name.startswith(package)]
        about.pytest_add_cli_args_test_selection = [
            f"tests/{package}/test_{name}.py" for name in [*names, "devices"]
        ]
    cli(["run", "--max-children=2"], standalone_mode=False)
    result = read()
    for module in modules:
        known = result.get(module, {}).get("survivors", [])
        codes = read_exit_codes(folder / f"{module}.meta")
        result[module] = count_outcome(module, codes, known)
    keep(result)


def list_tracked() -> list[Path]:
    """What lies at the top of the repository: tests read of it, as it is now."""
    command = ["git", "ls-tree", "--name-only", "HEAD"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [Path(name) for name in done.stdout.split()]


def read() -> dict[str, Any]:
    """What earlier runs found, by module."""
    return json.loads(PATH.read_text("utf-8")) if PATH.exists() else {}


def read_exit_codes(path: Path) -> dict[str, int | None]:
    """What pytest said of each mutant; none where nothing was run."""
    if not path.exists():
        return {}
    known: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return known["exit_code_by_key"]


def forget_survivors(path: Path) -> None:
    """Let the next run test again whatever was not killed."""
    if not path.exists():
        return
    known = json.loads(path.read_text("utf-8"))
    known["exit_code_by_key"] = {
        mutant: code if status_by_exit_code[code] in KILLED else None
        for mutant, code in known["exit_code_by_key"].items()
    }
    path.write_text(json.dumps(known), "utf-8")


def count_outcome(
    module: str, codes: dict[str, int | None], known: list[dict[str, str]]
) -> dict[str, Any]:
    """A module's counts, and its survivors with the reasons known so far.

    Raises SystemExit where the run broke off before its last mutant.
    """
    if not codes or None in codes.values():
        raise SystemExit(f"{module}: not all mutants were tested")
    reasons = {tuple(one[k] for k in WHERE): one["why"] for one in known}
    survivors = []
    for mutant, code in codes.items():
        if status_by_exit_code[code] not in KILLED:
            one = describe_survivor(module, mutant)
            why = reasons.get(tuple(one[k] for k in WHERE), "")
            survivors.append({**one, "why": why})
    return {
        "mutants": len(codes),
        "killed": len(codes) - len(survivors),
        "survivors": survivors,
    }


def describe_survivor(module: str, mutant: str) -> dict[str, str]:
    """Where a mutant differs: the function, and the line before and after."""
    diff = get_diff_for_mutant(mutant, path=module).splitlines()[2:]
    was, now = (
        " ".join(d[1:].strip() for d in diff if d.startswith(sign)) for sign in "-+"
    )
    function = mutant.rpartition(".")[2].rpartition("__mutmut_")[0]
    function = function.removeprefix("x_").removeprefix("xǁ")
    return {"function": function.replace("ǁ", "."), "was": was, "is": now}


def format_share(result: dict[str, Any]) -> str:
    """The words that the guide has of it."""
    killed = sum(part["killed"] for part in result.values())
    mutants = sum(part["mutants"] for part in result.values())
    return f"{killed:,} of {mutants:,} mutants"


def keep(result: dict[str, Any]) -> None:
    """Write the result, a survivor a line, and its share into the guide."""
    parts = []
    for module, part in sorted(result.items()):
        rows = [json.dumps(one, ensure_ascii=False) for one in part["survivors"]]
        counts = f'"killed": {part["killed"]}, "mutants": {part["mutants"]}'
        listed = "".join(f"\n  {row}," for row in rows).removesuffix(",")
        parts.append(f'"{module}": {{{counts}, "survivors": [{listed}]}}')
    PATH.write_text("{\n" + ",\n".join(parts) + "\n}\n", "utf-8")
    guide = GUIDE.read_text("utf-8")
    GUIDE.write_text(SHARE.sub(format_share(result), guide), "utf-8")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", help="default: all of them")
    parser.add_argument(
        "--again",
        action="store_true",
        help="keep what the last run killed: quick, after new tests",
    )
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args(argv)
    if asked.one:
        mutate(asked.modules)
        return 0
    if not asked.again:
        shutil.rmtree(ROOT / "mutants", ignore_errors=True)
    unexplained = 0
    for _, group in groupby(asked.modules or MODULES, key=lambda m: m.split("/")[0]):
        unexplained += run_in_own_process(list(group))
    return 1 if unexplained else 0


def run_in_own_process(modules: list[str]) -> int:
    """Mutate a package's modules; print and count what has no reason."""
    for module in modules:
        forget_survivors(ROOT / "mutants" / f"{module}.meta")
    command = ["-m", "tools.check.mutation", "--one", *modules]
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{done.stdout[-5000:]}\n{done.stderr}")
    unexplained = 0
    for module in modules:
        part = read()[module]
        print(f"{module}: {part['killed']} of {part['mutants']}", flush=True)
        for one in part["survivors"]:
            if not one["why"]:
                unexplained += 1
                print(f"  {one['function']}\n  - {one['was']}\n  + {one['is']}")
    return unexplained


if __name__ == "__main__":
    sys.exit(main())
