"""The marks of a table: between its columns, and in its numbers."""

import argparse


def parse_separator(text: str) -> str:
    """For argparse: one character; "tab" and a backslash with t are a tab."""
    found = "\t" if text in ("tab", "\\t") else text
    if len(found) != 1 or found in '"\r\n\0' or found.isalnum():
        raise argparse.ArgumentTypeError(
            f"expected one character, or tab, got {text!r}"
        )
    return found


def parse_marks(text: str) -> str:
    """For argparse: a decimal mark, and that of thousands if there is one."""
    if not 1 <= len(text) <= 2 or len({*text}) < len(text) or _is_part(text):
        raise argparse.ArgumentTypeError(
            "expected the decimal mark, and after it that of thousands if there is "
            f"one, as ',.', got {text!r}"
        )
    return text


def _is_part(text: str) -> bool:
    """Whether a mark could be part of a number."""
    return any(mark.isalnum() or mark in '+-"\r\n\0' for mark in text)
