"""Programs outside Python: who needs them, where they are, how to get them.

`python -m rnncore.programs` says which of them are here. Nothing that a
learner does needs one; pages on paper, tests in a browser, the grader's
sandboxes and publishing do. All parts of the course look for them here.
"""

import os
import shutil
import sys
from pathlib import Path
from typing import NamedTuple


class Program(NamedTuple):
    """A program: what it is called, who needs it, and how to get it.

    `places` are paths beside those that the shell knows, with Windows'
    variables; `debian`, `macos` and `windows` say how to get it, and ""
    where there is none.
    """

    calls: tuple[str, ...]
    needed_by: str
    debian: str
    macos: str = ""
    windows: str = ""
    places: tuple[str, ...] = ()


CHROME = r"Google\Chrome\Application\chrome.exe"
PROGRAMS = {
    "chromium": Program(
        ("chromium", "chromium-browser", "google-chrome", "chrome"),
        "make pdf and publish, the stills of figures, and tests",
        "apt-get install chromium",
        "brew install --cask chromium",
        "winget install Google.Chrome",
        (
            "/Applications/Chromium.app/Contents/MacOS/Chromium",
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
            *(
                rf"%{root}%\{CHROME}"
                for root in (
                    "ProgramFiles",
                    "ProgramFiles(x86)",
                    "LocalAppData",
                )
            ),
        ),
    ),
    "firefox": Program(
        ("firefox", "firefox-esr"),
        "tests of the book in a second browser",
        "apt-get install firefox-esr",
        "brew install --cask firefox",
        "winget install Mozilla.Firefox",
        (
            "/Applications/Firefox.app/Contents/MacOS/firefox",
            r"%ProgramFiles%\Mozilla Firefox\firefox.exe",
        ),
    ),
    "git": Program(
        ("git",),
        "make publish and release-check, and tests of what hosts call",
        "apt-get install git",
        "xcode-select --install",
        "winget install Git.Git",
    ),
    "bwrap": Program(
        ("bwrap",),
        "make grade: the sandbox of learners' code",
        "apt-get install bubblewrap",
    ),
    "systemd-run": Program(
        ("systemd-run",),
        "make grade: limits of memory by the kernel, where systemd runs",
        "apt-get install systemd",
    ),
    "npm": Program(
        ("npm", "npx", "node", "nodejs"),
        "make hub: JupyterHub's proxy",
        "apt-get install npm",
        "brew install node",
        "winget install OpenJS.NodeJS",
    ),
}


class MissingProgramError(RuntimeError):
    """A program is not here; the message says how to get it."""


def find(name: str) -> str | None:
    """The path of one of PROGRAMS on this machine, or None."""
    program = PROGRAMS[name]
    for call in program.calls:
        if found := shutil.which(call):
            return found
    expanded = map(os.path.expandvars, program.places)
    return next((path for path in expanded if Path(path).is_file()), None)


def require(name: str) -> str:
    """The path of one of PROGRAMS, or MissingProgramError is raised."""
    if found := find(name):
        return found
    raise MissingProgramError(explain(name))


def explain(name: str, system: str = sys.platform) -> str:
    """One sentence: it is missing, who needs it, and how to get it."""
    program = PROGRAMS[name]
    ways = {"darwin": program.macos, "win32": program.windows}
    how = ways.get(system, program.debian)
    if not how:
        how = f"there is none but Linux's ({program.debian})"
    elif system not in ways:
        how = f"Debian and Ubuntu: {how}"
    return (
        f"the program {program.calls[0]} is missing, which is needed by "
        f"{program.needed_by}; {how}"
    )


def main() -> None:
    """Print where each of them is, or how to get it."""
    for name in PROGRAMS:
        print(f"{name:12} {find(name) or explain(name)}")


if __name__ == "__main__":
    main()
