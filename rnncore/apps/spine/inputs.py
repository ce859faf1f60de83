"""What is refused before the work of a command is imported.

That takes seconds, which who mistyped a name does not wait for. What only a
reader of the content can see is refused by the work.
"""

import argparse
import glob
from pathlib import Path

from rnncore.storage.files import Refused

OF_ONE_KIND = "text", "translate", "speech"  # that kind has their name


def check_inputs(arguments: argparse.Namespace) -> None:
    """Raise Refused for a path that is not there, or a device.

    Also for an output that is, and for what is no model.
    """
    if "device" in arguments:
        from rnncore.application import check_device

        check_device(arguments.device)
    for name in getattr(arguments, "reads", ()):
        found = getattr(arguments, name)
        paths = found if isinstance(found, list) else [found]
        if name == "files" and len(paths) > 1:
            continue  # the others are read, though one is not there
        for path in filter(None, paths):
            _check_path(path, name)
            if arguments.part in ("train", "evaluate"):
                _check_size(path)
            _check_other(path, arguments)
    if start := getattr(arguments, "start", None):  # it may be a name, too
        _check_other(start, arguments)
    model = getattr(arguments, "model", None)
    if model is not None and arguments.part != "train":
        one = arguments.command in OF_ONE_KIND
        model_file(model, arguments.command if one else None)
    path = getattr(arguments, "out", None)
    if path is not None and path.exists() and not arguments.force:
        raise Refused(f"{path}: it is there already; --force replaces it")


def _check_path(path: Path, name: str) -> None:
    """Raise Refused where nothing is there; a pattern is no path."""
    if not (path.exists() or glob.has_magic(str(path))):
        kind = "folder" if name == "folder" else "file"
        raise Refused(f"{path}: there is no such {kind}")


def _check_other(path: Path, arguments: argparse.Namespace) -> None:
    """Raise Refused where the model would replace what it learns from."""
    model = getattr(arguments, "model", None)
    if arguments.part != "train" or not (model and model.exists() and path.exists()):
        return
    if path.samefile(model):
        raise Refused(f"--model: {model} is what is to be learned from")


def _check_size(path: Path) -> None:
    """Raise Refused where there is no byte to learn from."""
    if path.is_file() and not path.stat().st_size:
        raise Refused(f"{path}: the file is empty")


def model_file(path: Path, kind: str | None = None) -> Path:
    """The path, or the weights of this name that come with the package.

    Raises Refused where there is no model of this kind.
    """
    from rnncore.storage.weights import read_about, stored

    named = path.name == str(path) and not path.suffix
    found = stored(str(path)) if named and not path.exists() else path
    read_about(found, kind)
    return found
