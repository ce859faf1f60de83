"""An experiment again: which cells it needs, and what another seed changes."""

import ast
import json
import sys

import matplotlib
import matplotlib.pyplot as plt
import pytest

from rnncore.comparison import Comparison, Result, Tried, to_json
from tools.build import book
from tools.publish import notebooks
from tools.publish.browser import another_seed, seeds
from tools.publish.browser.lite_kernel import Refused


def notebook(*cells):
    """Sources, or pairs of a source and a tag, as a notebook."""
    pairs = [c if isinstance(c, tuple) else (c, None) for c in cells]
    return {
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{k}",
                "source": source,
                "metadata": {"tags": [tag]} if tag else {},
            }
            for k, (source, tag) in enumerate(pairs)
        ]
    }


@pytest.mark.parametrize(
    ("sources", "cells"),
    [
        (["a = 1", "b = 2", "print(a)"], [0]),
        (["a = 1", "a = 2", "print(a)"], [1]),
        (["a = []", "a.append(1)", "print(a)"], [0, 1]),
        (["a = [0]", "a[0] = 1", "print(a)"], [0, 1]),
        (["a = 1", "a += 1", "print(a)"], [0, 1]),
        (["a = 1", "if a: b = 1", "print(b)"], [0, 1]),
        (["b = 0", "if True: b = 1", "print(b)"], [0, 1]),
        (["a = 1", "def f(): return a", "b = f()", "f()"], [0, 1]),
        (["def f(): return a", "a = 1", "f()"], [0, 1]),
        (["a = 1", "def f(a): return a", "f(2)"], [1]),
        (["import m", "m.f(1)", "m.f(2)"], [0]),
        (["a = [1]", "[b for b in a]"], [0]),
        (["b = 1", "a = [1]", "[b for b in a]"], [1]),
        (["x = 1", "for x in range(3): pass", "for x in '': x"], []),
        (["fig, ax = 1, 2", "ax.plot()", "fig, ax = 3, 4\nax.plot()"], []),
        (
            ["rng = default_rng(0)", "x = rng.normal()", "rng.normal()"],
            [0, 1],
        ),
        (
            ["rng = default_rng(0)", "x = f(rng)", "y = 2", "g(rng)"],
            [0, 1],
        ),
        (
            [
                "rng = default_rng(0)",
                "f(rng)",
                "rng = default_rng(1)\nrng.a()",
            ],
            [],
        ),
    ],
)
def test_an_experiment_needs_the_cells_whose_work_it_uses(sources, cells):
    assert seeds.needed(sources, len(sources) - 1) == cells


@pytest.mark.parametrize(
    ("sources", "cells"),
    [
        (
            ["x = np.random.default_rng(0)", "y = x.normal()", "print(1)"],
            [0, 1],
        ),
        (
            ["import numpy as np\nr = np.random.default_rng(0)", "np.pi"],
            [0],
        ),
        (["def f(seed):\n    return default_rng(seed)", "f(1)"], [1]),
        (["x = default_rng(0)", "x = 2", "print(x)"], [0]),
        (
            ["for s in default_rng(0): x = s", "for s in 'ab': s", "x"],
            [0, 2],
        ),
        (["a = []", "a.append(default_rng(0))", "a"], [1, 2]),
    ],
)
def test_a_cell_depends_on_a_seed_through_any_number_of_names(
    sources, cells
):
    assert sorted(seeds.depend(sources, {"default_rng"})) == cells


def test_what_is_shown_gets_a_button_and_brings_its_claims():
    made = notebook(
        "import numpy as np",
        "x = np.random.default_rng(0).normal()",
        "print(x)",
        ("claim('x is small', x < 9)", "remove-cell"),
        ("print(x)", "remove-cell"),
        "start = perf_counter()\nf(x)\nprint(perf_counter() - start)",
    )
    assert seeds.experiments(made, [2, 5]) == [
        seeds.Experiment(before=[0, 1], shown=2, after=[3])
    ]


def test_stored_measurements_are_written_before_they_are_read():
    made = notebook(
        "write()", "x = default_rng(0)", "y = open('measurements/a.json')"
    )
    made["cells"][0]["id"] = "measurements"
    made["cells"].append(notebook("print(x, y)")["cells"][0])
    (found,) = seeds.experiments(made, [3])
    assert found.before == [0, 1, 2]


def test_what_is_read_from_the_measurements_gets_a_button_too():
    made = notebook(
        "write()",
        "y = json.loads(open('measurements/a.json').read_text())",
        "x = np.random.default_rng(0)",
        "print(y)",
        ("claim('y is small', y < 9)", "remove-cell"),
        "print(y, x)",
    )
    made["cells"][0]["id"] = "measurements"
    assert seeds.experiments(made, [3, 5]) == [
        seeds.Experiment([0, 1], 3, [4], recorded=True),
        seeds.Experiment([0, 1, 2], 5, []),
    ]


WITH = ["ch02_loop", "ch03_truncated", "ch04_training", "ch05_gradients"]
WITH += ["ch06_lstm", "ch08_deeper", "ch08_steady"]


@pytest.mark.whole
@pytest.mark.parametrize("name", WITH)
def test_the_pages_have_experiments_whose_seeds_are_exchanged(name):
    made = book.read_notebook(book.BOOK / f"{name}.md")
    for k, cell in enumerate(made.cells):
        cell["id"] = str(k)
    cells = seeds.code_cells(made)
    found = seeds.experiments(made, range(len(cells)))
    assert len(found) >= 3
    for experiment in found:
        exchanged = ""
        for k in (*experiment.before, experiment.shown):
            tree = another_seed.Exchange().visit(ast.parse(cells[k].source))
            exchanged += ast.unparse(tree)
        assert "default_rng(_seed(" in exchanged
        assert exchanged.count("default_rng(") == exchanged.count("(_seed(")


PAGE = (
    "<html><head></head><body><div>text</div>\n"
    '<div class="cell docutils container"><div class="cell_input">a</div></div>\n'
    '<div class="cell tag_x"><div class="cell_input">é &amp; b</div>'
    '<div class="cell_output"><div>7</div></div></div>\n</body></html>\n'
)


def test_the_place_of_a_button_is_the_end_of_its_cell():
    made = notebook(
        "x = default_rng(0)", ("y = 1", "remove-cell"), "print(x)"
    )
    text, found = seeds.with_places(PAGE, made)
    assert [e.shown for e in found] == [2]
    place = '<!--lite--><another-seed cell="2"></another-seed><!--/lite-->'
    assert f"<div>7</div></div>{place}</div>\n" in text
    assert text.index("another-seed{") < text.index("</head>")
    assert text.index("another-seed.js") > text.index(place)  # text first


def test_a_page_without_an_experiment_stays_as_it_is():
    assert seeds.with_places(PAGE, notebook("x = 1", "print(x)")) == (
        PAGE,
        [],
    )


def test_a_page_that_is_not_built_from_the_notebook_is_refused():
    with pytest.raises(Refused, match="2 cells and its notebook 1"):
        seeds.with_places(PAGE, notebook("print(1)"))


# ------------------------------------------------------------ another seed


@pytest.fixture
def rerun():
    """Runs cells with a number added to the seeds; what was found."""

    def run(shift, *cells, recorded=None):
        one = another_seed.Rerun(shift, recorded)
        for source, part in cells:
            if not one.cell(source, part):
                break
        return json.loads(one.result())

    main = sys.modules["__main__"]
    yield run
    if another_seed.Shell.initialized():
        another_seed.Shell.instance().restore_sys_module_state()
        another_seed.Shell.clear_instance()
    assert sys.modules["__main__"] is main  # other tests start processes


DRAW = "import numpy as np\nx = np.random.default_rng(3).integers(1000)"


def drawn(seed):
    import numpy as np

    return {"printed": f"{np.random.default_rng(seed).integers(1000)}\n"}


@pytest.mark.whole
@pytest.mark.parametrize("shift", [0, 100])
def test_a_cell_draws_with_its_seed_and_what_is_added(rerun, shift):
    found = rerun(shift, (DRAW, "before"), ("print(x)", "shown"))
    assert found["outputs"] == [drawn(3 + shift)]
    assert found["seeds"] == [[3, 3 + shift]]


@pytest.mark.whole
def test_a_seed_is_exchanged_wherever_it_comes_from(rerun):
    source = (
        "from numpy.random import default_rng\n"
        "def draw(seed=4):\n    return default_rng(seed=seed).integers(1000)\n"
        "runs = {k: default_rng(10 + k).integers(1000) for k in range(2)}\n"
        "print(draw())\nprint(*sorted(runs))"
    )
    found = rerun(100, (source, "shown"))
    assert found["seeds"] == [[4, 104], [10, 110], [11, 111]]
    assert found["outputs"] == [
        {"printed": drawn(104)["printed"] + "0 1\n"}
    ]


def test_outputs_come_in_the_order_in_which_they_were_shown(rerun):
    source = (
        "from IPython.display import display\nprint(1)\ndisplay({'a': 2})\n"
        "print(3)\n[4]"
    )
    found = rerun(
        0, ("'before'", "before"), (source, "shown"), ("5", "after")
    )
    texts = [o.get("printed") or o["text/plain"] for o in found["outputs"]]
    assert texts == ["1\n", "{'a': 2}", "3\n", "[4]"]


@pytest.mark.whole
def test_a_claim_that_fails_is_told_and_stops_nothing(rerun):
    source = (
        "from rnncore.comparison import claim\nclaim('one', 1 < 0)\n"
        "claim('two', True)\nassert 1 == 2, 'words'\nprint('on')"
    )
    found = rerun(0, ("assert False", "before"), (source, "shown"))
    assert found["claims"] == [
        ["one", False],
        ["two", True],
        ["1 == 2", False],
    ]
    assert found["outputs"] == [{"printed": "on\n"}]
    assert found["stopped"] == ""


@pytest.mark.whole
def test_an_assertion_of_a_function_is_an_error_as_ever(rerun):
    source = "def f():\n    assert False, 'no'\ntry:\n    f()\nexcept AssertionError:"
    found = rerun(0, (f"{source}\n    print('caught')", "shown"))
    assert found["outputs"] == [{"printed": "caught\n"}]


@pytest.mark.whole
def test_an_error_ends_the_run_with_its_name(rerun):
    found = rerun(0, ("print(1)\n1 / 0", "shown"), ("print(2)", "after"))
    assert found["stopped"] == "ZeroDivisionError: division by zero"
    assert found["outputs"] == [{"printed": "1\n"}]


@pytest.mark.whole
def test_a_run_finds_nothing_of_the_run_before(rerun):
    rerun(0, ("mine = 1", "shown"))
    assert "NameError" in rerun(0, ("mine", "shown"))["stopped"]


def test_claims_stop_the_build_again_when_a_run_is_over(rerun):
    from rnncore import comparison

    rerun(0, ("from rnncore.comparison import claim", "shown"))
    with pytest.raises(AssertionError, match="no longer so"):
        comparison.claim("one", False)


# -------------------------------------------------------- a recorded seed


COMPARED = to_json(
    Comparison(
        steps=7,
        seeds=[3, 4],
        grid={"rate": [0.1, 0.2]},  # as many as seeds, and none of them
        results={
            "a": Result(
                {"rate": 0.1},
                [1.0, 2.0],
                [Tried({"rate": r}, [r, 10 * r]) for r in (0.1, 0.2)],
                [],
            )
        },
    )
)
STORED = {
    "listed": {"value": [[5, 6], [7, 8]], "seed": [3, 4]},
    "compared": {"value": COMPARED, "seed": [3, 4]},
    "shared": {"value": 9, "seed": [3, 4]},
    "single": {"value": [1, 2], "seed": 0},
}
OPEN = "m = json.loads(Path('measurements/a.json').read_text())"


@pytest.fixture
def stored(rerun, tmp_path, monkeypatch):
    """Prints what a key holds for a recorded seed; the whole result."""
    monkeypatch.chdir(tmp_path)
    for entry in STORED.values():
        entry["command"] = "python -m tools.train name run"
    path = tmp_path / "measurements" / "a.json"
    path.parent.mkdir()
    path.write_text(json.dumps(STORED))

    def ask(key, seed):
        source = f"print(json.dumps(m['{key}']['value']))"
        cells = ("import json\nfrom pathlib import Path", OPEN)
        before = [(cell, "before") for cell in cells]
        return rerun(0, *before, (source, "shown"), recorded=seed)

    return ask


@pytest.mark.whole
def test_a_list_by_seed_becomes_that_of_one(stored):
    found = stored("listed", 4)
    assert found["outputs"] == [{"printed": "[[7, 8]]\n"}]
    assert found["recorded"] == {
        "seeds": [3, 4],
        "commands": ["python -m tools.train name"],
    }


def test_a_comparison_keeps_one_seed_and_its_whole_grid(stored):
    (shown,) = stored("compared", 4)["outputs"]
    found = json.loads(shown["printed"])
    assert found["grid"] == {"rate": [0.1, 0.2]}
    assert found["seeds"] == [4]
    assert found["results"]["a"]["test"] == [2.0]
    tried = found["results"]["a"]["tried"]
    assert [t["validation"] for t in tried] == [[1.0], [2.0]]
    assert [t["setting"]["rate"] for t in tried] == [0.1, 0.2]


@pytest.mark.whole
@pytest.mark.parametrize("key", ["shared", "single"])
def test_what_has_no_value_by_seed_stays_and_names_no_seed(stored, key):
    found = stored(key, 3)
    value = json.dumps(STORED[key]["value"])
    assert found["outputs"] == [{"printed": f"{value}\n"}]
    assert found["recorded"]["seeds"] == []


@pytest.mark.whole
def test_a_seed_that_is_not_recorded_changes_nothing(stored):
    found = stored("listed", 5)
    assert found["outputs"] == [{"printed": "[[5, 6], [7, 8]]\n"}]
    assert found["recorded"]["seeds"] == [3, 4]


# How many results of each page are recorded, and how many have no seed.
RECORDED = {
    "ch03_forward": (1, 0),
    "ch04_characters": (1, 0),
    "ch05_clipping": (1, 0),
    "ch05_long_lags": (3, 0),
    "ch05_reservoir": (1, 0),
    "ch06_lstm": (2, 0),
    "ch07_compared": (4, 1),
    "ch07_gru": (1, 1),
    "ch08_deeper": (1, 0),
    "ch08_steady": (2, 0),
}


def test_no_other_page_shows_recorded_results():
    reading = [
        path.stem
        for path in book.BOOK.glob("ch0[1-8]_*.md")
        if seeds.MEASURED in path.read_text("utf-8")
    ]
    assert sorted(reading) == sorted(RECORDED)


@pytest.mark.whole
@pytest.mark.parametrize("name", RECORDED)
def test_each_recorded_result_is_drawn_from_one_seed(
    rerun, name, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    cells = seeds.code_cells(
        notebooks.notebook(book.BOOK / f"{name}.md", {})
    )
    sources = [cell["source"] for cell in cells]
    shown = [
        k
        for k, s in enumerate(sources)
        if "print(" in s or "subplots(" in s
    ]

    def of_seed(seed):
        for one in seeds.experiments({"cells": cells}, shown):
            if not one.recorded:
                continue
            order = sorted({*one.before, one.shown, *one.after})
            parts = {one.shown: "shown"} | dict.fromkeys(one.after, "after")
            run = [(sources[k], parts.get(k, "before")) for k in order]
            with matplotlib.rc_context():
                result = rerun(0, *run, recorded=seed)
                result["figures"] = plt.get_fignums()  # not yet an output
                plt.close("all")
            yield result

    found = list(of_seed(1))
    assert [f["stopped"] for f in found] == [""] * len(found)
    assert all(f["recorded"]["commands"] for f in found)
    assert all(f["outputs"] or f["figures"] for f in found)
    without = [f for f in found if 1 not in f["recorded"]["seeds"]]
    assert (len(found), len(without)) == RECORDED[name]
    for seed in {s for f in found for s in f["recorded"]["seeds"]} - {1}:
        assert [f["stopped"] for f in of_seed(seed)] == [""] * len(found)
