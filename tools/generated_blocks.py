"""Pages with blocks that a command writes: <!-- NAME --> to <!-- end NAME -->."""

from pathlib import Path

from rnncore.storage.files import whole_file


def replace_block(text: str, name: str, block: str) -> str:
    """The text with a block in place of what is between its marks.

    Raises ValueError unless both marks are there once.
    """
    begin, end = f"<!-- {name} -->\n", f"<!-- end {name} -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise ValueError(f"expected one {begin.strip()} block")
    before, _, rest = text.partition(begin)
    return f"{before}{begin}{block}\n{end}{rest.partition(end)[2]}"


def write(path: Path, name: str, block: str) -> None:
    """The same in a file."""
    text = replace_block(path.read_text("utf-8"), name, block)
    with whole_file(path) as file:
        file.write(text.encode())
