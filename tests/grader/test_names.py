"""Which names of a notebook its learner is asked for, and which are given."""

import ast

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from grader.notebook.names import Names, cell_metadata, kinds_of


def answer(source, new=new_code_cell):
    return new(source, metadata=cell_metadata("double", solution=True))


def test_an_answer_makes_names_of_three_kinds_and_imports_others():
    solution = new_notebook(
        cells=[
            answer("import z", new_markdown_cell),
            answer(
                "import os.path, math as m\ndef f(): import y\nv = w = 1"
            ),
            answer("%matplotlib inline"),
            answer("from a import b\nclass C: pass"),
            new_code_cell("import given"),
        ]
    )
    kinds = {"f": "function", "v": "value", "w": "value", "C": "class"}
    both = "import os.path, math as m"
    imports = {"os": both, "m": both, "b": "from a import b"}
    assert kinds_of(solution) == kinds | imports


def test_what_a_stub_leaves_open_the_solutions_names_fill():
    release = new_notebook(
        cells=[new_code_cell("def kept(): pass"), answer("x = f = 1")]
    )
    names = Names(
        release,
        {"kept": "value", "f": "function", "g": "function"}
        | {"x": "import x", "m": "import m", "n": "import n"},
    )
    assert names.asked == {"x": "value", "f": "value", "g": "function"}
    given = {name: ast.unparse(node) for name, node in names.given.items()}
    assert given.pop("kept").startswith("def kept")
    assert given == {"m": "import m", "n": "import n"}
