"""Which tests `make test-machines` runs."""

from tools.check import machines


def names():
    return {path.stem.removeprefix("test_") for path in machines.numeric()}


def test_what_computes_is_told_from_its_imports():
    assert names() >= {
        *("blocks", "cells", "diagonal", "dtypes", "forecast_models"),
        *(
            "fused",
            "fused_nn",
            "music_models",
            "nn_torch",
            "text_blocks",
            "train",
            "video",
        ),
    }
    around = {"command_text", "grade", "pages", "train_text", "sandbox"}
    assert not names() & around


def test_what_other_pythons_run_is_a_part_of_it():
    for chosen in machines.ELSEWHERE, machines.PLAIN:
        assert len(chosen) == len(set(chosen))
        assert set(chosen) <= names()
