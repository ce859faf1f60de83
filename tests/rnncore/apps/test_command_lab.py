"""What `lab` tells JupyterLab, and the page that it opens."""

import json

import pytest

from rnncore.commands import lab


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A course with one assignment, and a notebook that is none."""
    monkeypatch.setattr(lab, "TREE", tmp_path)
    made = tmp_path / lab.FOLDER
    text = ["# Assignment 2: the cell\n", "\n", "*About 95 minutes.*\n"]
    cells = [{"cell_type": "markdown", "source": text}]
    for name, content in {
        "ch02_cell": json.dumps({"cells": cells}),
        "notes": "{}",
    }.items():
        (made / name).mkdir(parents=True)
        (made / name / f"{name}.ipynb").write_text(content)
    return made


def test_the_start_page_lists_what_there_is(folder):
    words = lab.build_words([])
    page = (folder / lab.START).read_text("utf-8")
    link = "[Assignment 2: the cell](ch02_cell/ch02_cell.ipynb)"
    assert f"- {link}: About 95 minutes." in page
    assert "- [notes](notes/notes.ipynb): cannot be read" in page
    assert f"--LabApp.default_url=/lab/tree/{lab.START}" in words
    assert f"--notebook-dir={folder}" in words


@pytest.mark.parametrize("user", [0, 1000])
def test_root_alone_needs_jupyters_leave(folder, monkeypatch, user):
    monkeypatch.setattr(lab.os, "geteuid", lambda: user, raising=False)
    assert ("--allow-root" in lab.build_words([])) is (user == 0)


def test_another_folder_keeps_its_files(folder, tmp_path):
    words = lab.build_words([f"--notebook-dir={tmp_path}"])
    assert [w for w in words if w.startswith("--notebook-dir")] == [
        f"--notebook-dir={tmp_path}"
    ]
    assert not (folder / lab.START).exists()
    assert not [w for w in words if "default_url" in w]


def test_a_file_of_that_name_stays(folder):
    (folder / lab.START).write_text("mine")
    assert not [w for w in lab.build_words([]) if "default_url" in w]
    assert (folder / lab.START).read_text() == "mine"


def test_a_folder_that_cannot_be_written_has_no_start_page(
    folder, monkeypatch
):
    def refuse(path):
        raise PermissionError(path)

    monkeypatch.setattr(lab, "whole_file", refuse)
    words = lab.build_words([])
    assert not [w for w in words if "default_url" in w]
    assert f"--notebook-dir={folder}" in words
