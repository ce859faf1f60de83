"""What `python -m grader` says of itself."""

import sys

import pytest

from grader import __main__ as program


def test_a_package_that_is_missing_is_named_with_what_adds_it(
    monkeypatch, capsys
):
    def fail(name):
        raise ModuleNotFoundError("no", name="nbgrader.api")

    monkeypatch.setattr(program, "import_module", fail)
    monkeypatch.setattr(sys, "argv", ["grader", "collect"])
    assert program.main() == 2
    said = capsys.readouterr().err
    assert "nbgrader.api" in said
    assert "set_up.py --dev" in said


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch):
    def fail(name):
        raise ModuleNotFoundError("no", name="grader.gone")

    monkeypatch.setattr(program, "import_module", fail)
    monkeypatch.setattr(sys, "argv", ["grader", "collect"])
    with pytest.raises(ModuleNotFoundError):
        program.main()
