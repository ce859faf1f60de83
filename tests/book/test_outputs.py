"""Outputs that a release brings along fit their own pages alone."""

import copy
import os

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tools import ROOT
from tools.build import outputs
from tools.build.book import BuildError, Executions, PageRun, digest_file

READ = "CITATION.cff"  # by the page's cell


@pytest.fixture
def page(monkeypatch):
    """One page; its text can be changed."""
    kernel = {"name": "python3", "display_name": "Python 3"}
    made = new_notebook(
        cells=[new_code_cell("1 + 1")], metadata={"kernelspec": kernel}
    )
    monkeypatch.setattr(
        outputs,
        "read_pages",
        lambda: {ROOT / "book" / "ch02_cell.md": made},
    )
    return made


@pytest.fixture
def file(page, tmp_path):
    """The outputs of the page, from a machine that executed it."""
    path = ROOT / "book" / "ch02_cell.md"
    executed = copy.deepcopy(page)
    executed.cells[0].outputs = [new_output("stream", text="two")]
    there = Executions(tmp_path / "there")
    with pytest.raises(BuildError, match="make book comes first"):
        outputs.save_outputs(there, tmp_path / "outputs.zip")
    uses = {READ: digest_file(ROOT / READ)}
    there.keep(path, executed, PageRun(1.5, uses))
    outputs.save_outputs(there, tmp_path / "outputs.zip")
    return tmp_path / "outputs.zip"


def test_a_page_as_it_was_is_not_executed_again(page, file, tmp_path):
    here = Executions(tmp_path / "here")
    assert not here.holds(page)
    assert outputs.take_outputs(here, file) == 1
    assert here.holds(page)
    key = here.cache.match_cache_notebook(page).pk
    assert (
        here.cache.get_cache_bundle(key).nb.cells[0].outputs[0].text
        == "two"
    )
    assert outputs.take_outputs(here, file) == 0  # it is there


def test_other_cells_or_files_are_executed(
    page, file, tmp_path, monkeypatch
):
    here = Executions(tmp_path / "here")
    monkeypatch.setattr(outputs.book, "digest_file", lambda path: "changed")
    assert outputs.take_outputs(here, file) == 0
    monkeypatch.undo()
    page.cells[0].source = "1 + 2"
    monkeypatch.setattr(
        outputs,
        "read_pages",
        lambda: {ROOT / "book" / "ch02_cell.md": page},
    )
    assert outputs.take_outputs(here, file) == 0
    assert not here.holds(page)


@pytest.mark.parametrize(
    "content", [b"", b"no archive", b"PK\x05\x06" + bytes(18)]
)
def test_a_damaged_file_is_refused_or_gives_nothing(
    page, content, tmp_path
):
    path = tmp_path / "outputs.zip"
    path.write_bytes(content)
    here = Executions(tmp_path / "here")
    if content.startswith(b"PK"):
        assert outputs.take_outputs(here, path) == 0
        return
    with pytest.raises(BuildError, match=os.fspath(path.name)):
        outputs.take_outputs(here, path)
