"""The applications from Python: one table of settings, one interface."""

import inspect
import re
from dataclasses import fields
from importlib import import_module

import numpy as np
import pytest

from rnncore.apps.estimators import (
    Captioner,
    Composer,
    Forecaster,
    TextModel,
    Transcriber,
    Translator,
    VideoClassifier,
)
from rnncore.storage.files import Refused
from tests.helpers import ROOT
from tests.helpers.commands import run

CLASSES = [
    TextModel,
    VideoClassifier,
    Captioner,
    Translator,
    Transcriber,
    Composer,
    Forecaster,
]
EVERYWHERE = {"model", "hidden", "steps", "minutes", "seed", "device"}
TEXT = {"hidden": 8, "batch": 4, "window": 8, "steps": 30}


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "book.txt"
    path.write_text("The cat sat on a mat. It slept, and I\n" * 90)
    return path


def options_of(kind):
    """The options of a class's `train`, by the name of their setting."""
    import argparse

    parser = argparse.ArgumentParser()
    options = import_module(f"rnncore.apps.{kind.application}.options")
    options.add(parser.add_subparsers())
    (commands,) = parser._subparsers._group_actions
    (parts,) = commands.choices[kind.application]._subparsers._group_actions
    actions = parts.choices["train"]._actions
    return {
        a.dest: a for a in actions if a.option_strings and a.dest != "help"
    }


@pytest.mark.parametrize("kind", CLASSES)
def test_every_setting_has_a_sentence(kind):
    for field in fields(kind):
        what = field.metadata["what"]
        assert 3 < len(what) < 200, field.name


@pytest.mark.parametrize("kind", CLASSES)
def test_a_command_has_few_options_six_of_which_are_everywhere(kind):
    options = options_of(kind)
    assert len(options) <= (16 if kind is Forecaster else 12), [*options]
    assert options.keys() >= EVERYWHERE
    for field in fields(kind):
        if kind is not Captioner and field.name in options:
            assert options[field.name].default == field.default, field.name


@pytest.mark.slow
@pytest.mark.parametrize("kind", CLASSES)
def test_an_estimator_is_one_of_scikit_learn(kind):
    from sklearn.base import clone

    model = kind(seed=3).set_params(hidden=5)
    again = clone(model)
    assert again == model
    assert again is not model
    assert again.get_params()["hidden"] == 5
    with pytest.raises(ValueError, match=r"^units_:"):
        model.set_params(units_=1)
    with pytest.raises(
        ValueError, match=f"{kind.__name__}: expected a mod"
    ):
        model.save("m.safetensors")
    for method in "fit", "score", "save", "load":
        assert inspect.signature(getattr(kind, method))


@pytest.mark.slow
def test_the_page_s_example_runs(book, monkeypatch, capsys):
    page = (ROOT / "book/commands.md").read_text("utf-8")
    page = page[page.index("(from-python)=") :]
    (code,) = re.findall(
        r"^```python\n(.+?)^```", page, re.MULTILINE | re.DOTALL
    )
    monkeypatch.chdir(book.parent)
    made = {}
    exec(code, made)  # noqa: S102 - the page's own
    assert capsys.readouterr().out.splitlines()[1].startswith("The ")
    assert made["again"].score() == made["model"].score()
    for kind in CLASSES:
        assert f"| `{kind.__name__}` | " in page


@pytest.mark.slow
def test_a_command_is_its_class(book, tmp_path, capsys):
    """The same weights and scores, and one kind of file."""
    path = tmp_path / "m.safetensors"
    words = ["text", "train", book, "--model", path, "--steps", 3]
    assert run(capsys, *words, "--hidden", 8)[0] == 0
    model = TextModel(hidden=8, steps=3).fit(book)
    model.compare()
    found = TextModel.load(path)
    assert found.get_params() == model.get_params()
    assert found.about_["table"] == model.about_["table"]
    model.save(tmp_path / "own.safetensors")
    again = TextModel.load(tmp_path / "own.safetensors")
    assert again.generate("The ", 20) == found.generate("The ", 20)


@pytest.mark.slow
def test_a_file_of_another_kind_is_refused(book, tmp_path):
    path = tmp_path / "m.safetensors"
    TextModel(**TEXT).fit(book).save(path)
    with pytest.raises(Refused, match="expected a model of 'video'"):
        VideoClassifier.load(path)
    with pytest.raises(ValueError, match=r"expected NAME.safetensors, got"):
        TextModel.load(path).save(tmp_path / "m.txt")


@pytest.mark.slow
def test_the_course_s_own_models_are_there_by_name():
    model = TextModel.load("text_python")
    assert model.generate("def ", 20).startswith("def ")
    assert Translator.load("translate_dot").predict(["nine"]) != [""]


@pytest.mark.slow
def test_a_refusal_does_not_wait_for_training():
    with pytest.raises(Refused, match="the text: 1 characters are too few"):
        TextModel().fit("a")
    with pytest.raises(Refused, match="of at least two classes"):
        VideoClassifier().fit(np.zeros((3, 24, 24, 24)), ["a"] * 3)
