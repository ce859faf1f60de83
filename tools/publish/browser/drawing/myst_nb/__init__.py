"""In the browser there is no page whose sentences could quote a value."""

from typing import Any


def glue(name: str, value: Any, display: bool = True) -> None:
    """Show the value, unless the page asks not to."""
    if display:
        from IPython.display import display as show

        show(value)
