"""Which build of torch the set-up takes."""

import platform
import shutil

import pytest

from tools import cpu_torch


@pytest.mark.parametrize(
    ("asked", "system", "driver", "settings", "wanted"),
    [
        (None, "Linux", None, "", True),
        (None, "Linux", None, "global.cert='x'\n", True),
        (None, "Linux", "/usr/bin/nvidia-smi", "", False),
        (None, "Linux", None, "global.index-url='https://a'\n", False),
        (None, "Linux", None, ":env:.find-links='/wheels'\n", False),
        ("cpu", "Linux", "/usr/bin/nvidia-smi", "", True),
        ("cpu", "Linux", None, "global.index-url='https://a'\n", True),
        ("cuda", "Linux", None, "", False),
        (None, "Darwin", None, "", False),
        ("cpu", "Windows", None, "", False),
    ],
)
def test_who_gets_torch_without_cuda(
    monkeypatch, asked, system, driver, settings, wanted
):
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(shutil, "which", lambda name: driver)
    said = cpu_torch.subprocess.CompletedProcess([], 0, stdout=settings)
    monkeypatch.setattr(cpu_torch.subprocess, "run", lambda *a, **k: said)
    assert cpu_torch.is_wanted(asked) is wanted


def test_an_index_that_does_not_answer_is_told_and_stops_nothing(
    monkeypatch, tmp_path, capsys
):
    """This environment has torch: pip is asked for one that it lacks."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements/constraints.txt").write_text("torch==0.0.0\n")
    monkeypatch.setattr(cpu_torch, "ROOT", tmp_path)
    nobody = "http://127.0.0.1:9/simple"
    assert not cpu_torch.install_cpu_torch(nobody)
    assert nobody in (told := capsys.readouterr().out)
    assert "with CUDA" in told


def test_a_build_that_is_not_known_is_refused(capsys):
    with pytest.raises(SystemExit):
        cpu_torch.main(["gpu"])
    assert "cpu" in capsys.readouterr().err
