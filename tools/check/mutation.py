"""Changes the code a little, thousands of times: does a test object?

mutmut makes the mutants of each module below, and runs the quick tests that
concern it. What no test objects to stands in tests/survivors.json with the
reason why that does no harm; one without a reason is a failure.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from mutmut.configuration import config
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code

from tools import ROOT

MODULES = {
    "rnncore/backend.py": ["backend"],
    "rnncore/rnn.py": ["rnn"],
    "rnncore/bptt.py": ["bptt"],
    "rnncore/losses.py": ["losses"],
    "rnncore/optim.py": ["optim"],
    "rnncore/train.py": ["train"],
    "rnncore/gradient_flow.py": ["gradient_flow"],
    "rnncore/lstm.py": ["lstm", "rnn", "bptt"],
    "rnncore/gru.py": ["gru", "rnn", "bptt"],
    "rnncore/characters.py": ["characters"],
    "grader/notebook/names.py": ["grade_notebook"],
    "grader/notebook/repair.py": ["grade_notebook"],
    "grader/notebook/restore.py": ["grade_notebook"],
    "grader/notebook/sanitise.py": ["grade_harmless"],
    "grader/course/seeds.py": ["grade_notebook"],
    "grader/course/submissions.py": ["grade_notebook"],
    "grader/course/versions.py": ["grade_notebook", "grade_versions"],
    "grader/reports/lms.py": ["grade_tables"],
    "grader/reports/points.py": ["grade_tables"],
    "grader/reports/similarity.py": ["grade_tables"],
    "grader/reports/suspicion.py": ["grade_tables"],
}
ELSEWHERE = [  # a program of its own runs the module on disk
    "test_importing_brings_torch_only_where_torch_is_the_subject",
    "test_a_killed_run_resumes_exactly",
    "test_whoever_looks_sees_a_complete_file",
]
PATH = ROOT / "tests/survivors.json"
GUIDE = ROOT / "CONTRIBUTING.md"
SHARE = re.compile(r"[\d,]+ of [\d,]+ mutants")
KILLED = {"killed", "timeout", "segfault"}  # anything but "passed"


def mutate(module: str) -> None:
    """Make the mutants of one module and run its tests on each."""
    from mutmut.__main__ import cli  # changes how processes start

    for stale in (module, "mutmut-stats.json"):  # of another module's run
        (ROOT / "mutants" / stale).unlink(missing_ok=True)
    about = config()
    about.only_mutate = [module]
    about.pytest_add_cli_args_test_selection = [
        f"tests/test_{name}.py" for name in MODULES[module]
    ]
    about.pytest_add_cli_args += [f"-k=not {' and not '.join(ELSEWHERE)}"]
    cli(["run", "--max-children=2"])


def exit_codes(folder: Path) -> dict[str, dict[str, int | None]]:
    """What pytest said of each mutant, by module."""
    return {
        str(path.relative_to(folder).with_suffix("")): json.loads(
            path.read_text("utf-8")
        )["exit_code_by_key"]
        for path in sorted(folder.rglob("*.py.meta"))
    }


def forget_survivors(folder: Path) -> None:
    """Let the next run test again whatever was not killed."""
    for path in folder.rglob("*.py.meta"):
        known = json.loads(path.read_text("utf-8"))
        for mutant, code in known["exit_code_by_key"].items():
            if status_by_exit_code[code] not in KILLED:
                known["exit_code_by_key"][mutant] = None
        path.write_text(json.dumps(known), "utf-8")


def survivor(module: str, mutant: str) -> dict[str, str]:
    """Where a mutant differs: the function, and the line before and after."""
    diff = get_diff_for_mutant(mutant, path=module).splitlines()[2:]
    lines = {
        sign: " ".join(d[1:].strip() for d in diff if d.startswith(sign))
        for sign in "-+"
    }
    function = mutant.rpartition(".")[2].rpartition("__mutmut_")[0]
    function = function.removeprefix("x_").removeprefix("xǁ")
    return {
        "module": module,
        "function": function.replace("ǁ", "."),
        "was": lines["-"],
        "is": lines["+"],
    }


def summary(folder: Path, known: dict[str, Any]) -> dict[str, Any]:
    """Counts by module, and the survivors with the reasons known so far.

    Raises SystemExit where a run broke off before its last mutant.
    """
    reasons = {
        tuple(s[k] for k in ("module", "function", "was", "is")): s["why"]
        for s in known.get("survivors", [])
    }
    counts, survivors = {}, []
    for module, codes in exit_codes(folder).items():
        if None in codes.values():
            raise SystemExit(f"{module}: not all mutants were tested")
        alive = [
            survivor(module, mutant)
            for mutant, code in codes.items()
            if status_by_exit_code[code] not in KILLED
        ]
        for one in alive:
            one["why"] = reasons.get(tuple(one.values()), "")
        counts[module] = {
            "mutants": len(codes),
            "killed": len(codes) - len(alive),
            "survived": len(alive),
        }
        survivors += alive
    return {"modules": counts, "survivors": survivors}


def share(result: dict[str, Any]) -> str:
    """The line that the guide has of it."""
    counts = result["modules"].values()
    killed = sum(c["killed"] for c in counts)
    return f"{killed:,} of {sum(c['mutants'] for c in counts):,} mutants"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", help="default: all of them")
    parser.add_argument(
        "--again",
        action="store_true",
        help="keep what the last run killed: quick, after new tests",
    )
    parser.add_argument("--one", choices=MODULES, help=argparse.SUPPRESS)
    asked = parser.parse_args(argv)
    if asked.one:
        mutate(asked.one)
        return 0
    folder = ROOT / "mutants"
    if asked.again:
        forget_survivors(folder)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    for module in asked.modules or MODULES:
        print(f"mutation: {module}", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", "tools.check.mutation", "--one", module],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{done.stdout[-5000:]}\n{done.stderr}")
    return report(folder)


def report(folder: Path) -> int:
    """Write the result and the guide's line; 1 where a reason is missing."""
    known = json.loads(PATH.read_text("utf-8")) if PATH.exists() else {}
    result = summary(folder, known)
    text = json.dumps(result, indent=1, ensure_ascii=False)
    PATH.write_text(f"{text}\n", "utf-8")
    guide = GUIDE.read_text("utf-8")
    GUIDE.write_text(SHARE.sub(share(result), guide), "utf-8")
    for module, c in result["modules"].items():
        print(f"{module:32} {c['mutants']:5} {c['survived']:4} survived")
    unexplained = [s for s in result["survivors"] if not s["why"]]
    for s in unexplained:
        print(f"{s['module']} {s['function']}\n- {s['was']}\n+ {s['is']}")
    print(
        f"{share(result)} were killed; {len(unexplained)} without a reason"
    )
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
