"""Each Python that finds this file when it starts may talk to itself only.

Where READS_LOG names a file, it also writes there which files below the folder
READS_BELOW it opens to read: what a page uses, its modules included.
"""

import os
import sys
from typing import Any

LOCAL = ("localhost", "127.0.0.1", "::1", "0.0.0.0", "", None)


def refuse(event: str, args: tuple[Any, ...]) -> None:
    """Raise PermissionError where a socket asks for another machine."""
    if event == "socket.getaddrinfo" or event in (
        "socket.gethostbyname",
        "socket.gethostbyaddr",
    ):
        host = args[0]
    elif event in ("socket.connect", "socket.sendto"):
        address = args[1]  # a tuple, or a path of a socket on this machine
        host = address[0] if isinstance(address, tuple) else None
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host not in LOCAL:
        raise PermissionError(f"sockets are refused: {event} {host}")


def log_reads(event: str, args: tuple[Any, ...]) -> None:
    """Write down each file that is opened to be read, once."""
    if event != "open" or "READS_LOG" not in os.environ:
        return
    path, _, flags = args
    if isinstance(path, int) or flags & (os.O_WRONLY | os.O_RDWR):
        return
    name = os.path.abspath(os.fsdecode(path))
    if name not in logged and name.startswith(os.environ["READS_BELOW"]):
        logged.add(name)
        with open(os.environ["READS_LOG"], "a", encoding="utf-8") as log:
            log.write(f"{name}\n")


logged: set[str] = set()
sys.addaudithook(refuse)
sys.addaudithook(log_reads)
