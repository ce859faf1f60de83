"""What the tests of the commands share: runs in this process and outside."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from rnncore import train
from tests.helpers import ROOT

ENV = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def run(capsys, *words):
    """Exit code, stdout and stderr of one command line."""
    from rnncore.__main__ import main

    capsys.readouterr()
    code = main([str(word) for word in words])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def shown_help(capsys, *words):
    """What --help prints."""
    with pytest.raises(SystemExit) as ended:
        run(capsys, *words, "--help")
    assert ended.value.code == 0
    return capsys.readouterr().out


def shell(*words, **options):
    """The same in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "rnncore", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env=ENV,
        **options,
    )


def broken_off(sign, checkpoint, *words):
    """Start a command; as soon as its checkpoint is there, a signal."""
    process = subprocess.Popen(
        [sys.executable, "-m", "rnncore", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # the bits of a sum depend on the threads: as many as here
        env={**ENV, "OMP_NUM_THREADS": str(torch.get_num_threads())},
    )
    try:
        while process.poll() is None and not Path(checkpoint).exists():
            os.sched_yield()
        process.send_signal(sign)
        out, err = process.communicate()
    finally:
        process.kill()
    assert process.returncode in (-sign, 128 + sign), (out, err)
    return err


def killed(checkpoint, *words):
    """SIGKILL as soon as the checkpoint is there."""
    return broken_off(signal.SIGKILL, checkpoint, *words)


class Killed(BaseException):
    """Ends a run in this process as SIGKILL ends one outside."""


def stopped(monkeypatch, capsys, error, checkpoint, *words):
    """The same within this process, which spares the start of another."""
    write = train.write_checkpoint

    def last(path, *about):
        write(path, *about)
        if Path(path) == Path(checkpoint):
            raise error

    with monkeypatch.context() as patch:
        patch.setattr(train, "write_checkpoint", last)
        if error is KeyboardInterrupt:
            return run(capsys, *words)
        with pytest.raises(error):
            run(capsys, *words)
        return None


@contextlib.contextmanager
def cut_off(monkeypatch, checkpoint):
    """Inside, a training is killed once it wrote this checkpoint."""
    write = train.write_checkpoint

    def last(path, *about):
        write(path, *about)
        if Path(path) == Path(checkpoint):
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(train, "write_checkpoint", last)
        with pytest.raises(Killed):
            yield


def weights(path):
    """All tensors of a model file, as bytes."""
    with safe_open(path, framework="np") as file:
        names = file.keys()
        return {name: file.get_tensor(name).tobytes() for name in names}


def examples(text):
    """The command lines in a help text or a page."""
    text = re.sub(r" \\\n +", " ", text)  # a line that is continued
    found = re.findall(
        r"^ *(?:\$ )?python -m rnncore (.*)$", text, re.MULTILINE
    )
    assert found
    return found


APPLICATIONS = {  # and the parts of each
    "text": ["train", "sample", "evaluate"],
    "forecast": ["train", "forecast", "evaluate"],
    "music": ["train", "sample", "evaluate"],
    "translate": ["train", "translate", "evaluate"],
    "speech": ["train", "transcribe", "evaluate"],
    "video": ["train", "classify", "caption", "draw", "evaluate"],
}
