"""The guide's tree is what the folders say of themselves."""

import pytest

from tools.build import tree


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(tree, "TOPS", ("book", "tools"))
    for name in "book", "tools/build":
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "tools" / "__init__.py").write_text(
        '"""Tools.\n\nMore."""\n'
    )
    package = tmp_path / "tools" / "build" / "__init__.py"
    package.write_text('"""Make what\nreaders see."""\n')
    return tmp_path


def test_a_folder_has_its_first_sentence_and_those_inside_stand_below(root):
    _, book, tools, build, _ = tree.draw_tree(root).splitlines()
    assert book.split(maxsplit=1) == ["book/", tree.SAID["book"]]
    assert tools.split() == ["tools/", "Tools."]
    assert build.startswith("  build/")
    assert build.endswith(" Make what readers see.")


def test_a_package_that_says_nothing_is_refused(root):
    (root / "tools" / "build" / "__init__.py").write_text("")
    with pytest.raises(ValueError, match="expected a sentence"):
        tree.draw_tree(root)


def test_an_old_tree_is_told_and_written_anew(root, monkeypatch, capsys):
    guide = root / "CONTRIBUTING.md"
    guide.write_text("A\n\n<!-- tree -->\nold\n<!-- end tree -->\n\nB\n")
    monkeypatch.setattr(tree, "ROOT", root)
    monkeypatch.setattr(tree, "GUIDE", guide)
    assert tree.main(["--check"]) == 1
    assert "tools.build.tree" in capsys.readouterr().out
    assert tree.main([]) == 0
    assert tree.main(["--check"]) == 0
    assert "build/" in guide.read_text()
