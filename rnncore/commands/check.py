"""`check`, with what the reader's own package has in the notebook."""

import functools

from rnncore.checking import client
from rnncore.own import handin
from rnncore.own.tasks import FOLDER


def main(argv: list[str] | None = None) -> int:
    """Check; 0 where all visible tests hold, 1 where not, 2 if misused."""
    fill = functools.partial(handin.fill, folder=FOLDER)
    return client.main(argv, prepare=fill)
