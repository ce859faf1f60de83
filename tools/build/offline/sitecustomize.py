"""Each Python that finds this file when it starts may talk to itself only."""

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


sys.addaudithook(refuse)
