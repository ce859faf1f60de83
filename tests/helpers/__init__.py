"""What several folders of tests share."""

import socket
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """A port of this machine that nothing listens to."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def end_server(
    server: subprocess.Popen, port: int, seconds: float = 20
) -> None:
    """End a Jupyter server.

    A signal that comes just before CPython's event loop waits is heard only
    at the next request: 1 of 60,000 to a small server.
    """
    server.terminate()
    try:
        server.wait(seconds)
    except subprocess.TimeoutExpired:
        socket.create_connection(("127.0.0.1", port)).close()
        server.wait(seconds)
    finally:
        server.kill()
