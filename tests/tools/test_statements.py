"""Which statements of a page's code the rest of it needs."""

import textwrap

from tools.build.short import statements


def read(code):
    return statements.read_statements(
        textwrap.dedent(code).strip().split("\n")
    )


def needed(code, roots):
    found = read(code)
    kept = statements.select_needed(found, roots)
    return [found[k].source for k in sorted(kept)]


def test_what_a_root_uses_is_needed_and_nothing_else():
    code = """
    import math
    import json
    a = math.pi
    b = 2
    c = a + 1
    print(c)
    """
    assert needed(code, {5}) == [
        "import math",
        "a = math.pi",
        "c = a + 1",
        "print(c)",
    ]


def test_a_statement_that_changes_a_needed_value_is_needed():
    code = """
    found = []
    other = []
    for k in range(3):
        found.append(k)
    other.append(1)
    found[0] = 5
    print(found)
    """
    kept = needed(code, {5})
    assert "found[0] = 5" in kept
    assert any(line.startswith("for k") for line in kept)
    assert not any("other" in line for line in kept)


def test_a_generator_that_is_drawn_from_before_is_in_the_same_state():
    code = """
    rng = make(0)
    unused = rng.normal()
    also = draw(rng)
    print(rng.normal())
    """
    assert len(needed(code, {3})) == 4


def test_an_assignment_may_need_the_name_that_it_makes():
    code = """
    a = 1
    a = a + 1
    a += 1
    print(a)
    """
    assert len(needed(code, {3})) == 4


def test_a_function_s_own_names_are_not_needed():
    code = """
    text = 1
    def write():
        text = 2
        text += 1
        return text
    print(write())
    """
    assert "text = 1" not in needed(code, {2})


def test_only_the_last_definition_before_the_use_counts():
    code = """
    a = 1
    b = a
    a = 2
    print(a)
    """
    assert needed(code, {3}) == ["a = 2", "print(a)"]


def test_a_style_that_is_set_comes_with_a_picture_and_not_without():
    code = """
    import matplotlib.pyplot as plt
    from rnncore.display import use_style
    use_style()
    fig, ax = plt.subplots()
    a = 1
    """
    assert "use_style()" in needed(code, {3})
    assert needed(code, {4}) == ["a = 1"]


def test_a_number_comes_from_the_most_particular_call():
    found = read(
        """
        for name in "ab":
            glue(f"{name}_end", 1)
        glue("a_end", 2)
        note("other", 3)
        def note(name, value):
            glue(name, value)
        """
    )
    places = statements.find_glues(
        found, ["a_end", "b_end", "c", "other"], ()
    )
    assert places == {"a_end": {1}, "b_end": {0}, "c": set(), "other": {2}}


def test_imports_are_joined_by_module_within_a_line():
    found = read("import numpy as np\nfrom a import b\nfrom a import c")
    assert statements.write_folded(found) == [
        "import numpy as np",
        "from a import b, c",
    ]
    names = [f"rnncore.rnn.name_number_{k}" for k in range(9)]
    lines = statements.write_folded(statements.import_names(names))
    assert len(lines) > 1
    assert max(map(len, lines)) <= statements.WIDTH


def test_claims_and_what_is_shown_are_told_apart():
    kinds = [
        one.kind
        for one in read(
            """
            assert True
            claim("it holds", True)
            glue("a", 1)
            print(1)
            ax.plot([1])
            a = 1
            """
        )
    ]
    assert kinds == ["claim", "claim", "", "shows", "shows", ""]
