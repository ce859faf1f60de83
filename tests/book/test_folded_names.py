"""Where the names of visible code are defined, if a folded cell does it."""

from tests.helpers.pages import FOLDED, cells
from tools.site.folded import folded_names


def test_the_imports_of_the_first_cell_go_without():
    text = cells(
        FOLDED + "import math as m\nfrom os import path\na = 1",
        "m.pi, path, a",
    )
    assert folded_names.find_uses(text) == [folded_names.Use(1, {"a": 0})]


def test_a_name_that_a_visible_cell_defines_is_not_listed():
    text = cells(
        FOLDED + "import os", FOLDED + "a = b = 1", "a = 2", "a + b"
    )
    assert folded_names.find_uses(text) == [folded_names.Use(3, {"b": 1})]


def test_a_name_is_listed_at_its_first_use():
    text = cells(FOLDED + "import os", FOLDED + "a = 1", "a", "a")
    assert folded_names.find_uses(text) == [folded_names.Use(2, {"a": 1})]


def test_what_a_function_takes_from_outside_counts_and_its_own_does_not():
    text = cells(
        FOLDED + "import os",
        FOLDED + "def f(x): pass\nx = y = 1",
        "def g(x):\n    y = f(x)\n    return [y for x in y]",
    )
    assert folded_names.find_uses(text) == [folded_names.Use(2, {"f": 1})]
