"""Takes away from a Python process what Windows does not have.

A folder on PYTHONPATH with this file does it for the process and for those
that it starts. Other packages look at the system's name before they import
a module; those modules are refused to the course's own code alone.
"""

import builtins
import os
import signal

MODULES = {"fcntl", "resource", "pwd", "grp", "syslog", "termios", "pty"}
OURS = {"rnncore", "tools", "grader", "tests", "__main__"}
_plain = builtins.__import__


def _import(name, globals=None, *more, **others):
    """Import a module, unless Windows has none of that name."""
    asks = str((globals or {}).get("__name__")).partition(".")[0]
    if name in MODULES and asks in OURS:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return _plain(name, globals, *more, **others)


builtins.__import__ = _import
for _name in (
    *("fork", "forkpty", "killpg", "setsid", "setpgid", "getpgid"),
    *("mkfifo", "sched_getaffinity", "nice", "chown", "statvfs"),
):
    if hasattr(os, _name):
        delattr(os, _name)
for _name in (
    "SIGALRM",
    "SIGHUP",
    "SIGPIPE",
    "alarm",
):  # subprocess needs SIGKILL
    if hasattr(signal, _name):
        delattr(signal, _name)
