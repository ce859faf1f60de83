"""The package on the oldest NumPy that it promises to run on."""

import os
import subprocess
import sys

import pytest

from tests.helpers import ROOT

OLDEST = {(3, 11): "1.25.2", (3, 12): "1.26.4"}.get(sys.version_info[:2])


@pytest.mark.slow
@pytest.mark.skipif(OLDEST is None, reason="no NumPy 1 for this Python")
def test_training_and_all_gradients_work_on_the_oldest_numpy():
    run = subprocess.run(
        [sys.executable, "-m", "tests.helpers.oldest_numpy"],
        env={**os.environ, "PYTHONPATH": f"{sys.prefix}/oldest"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split()[-1] == OLDEST
