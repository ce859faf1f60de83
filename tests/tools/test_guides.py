"""README and CONTRIBUTING stay as short as a newcomer needs them."""

import re
from importlib.util import find_spec

import pytest
import yaml
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import Exchange
from traitlets.config import Config

from grader.__main__ import COMMANDS as GRADING
from rnncore.commands import COURSE
from tests.attacks.catalogue import ATTACKS
from tools import ROOT
from tools.publish import export

README = (ROOT / "README.md").read_text("utf-8")
GUIDE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def test_the_readme_has_at_most_80_lines_and_a_light_picture():
    assert len(README.splitlines()) <= 80
    (picture,) = re.findall(r"!\[[^]]+\]\((.+?)\)", README)
    assert 0 < (ROOT / picture).stat().st_size < 150_000


def test_the_course_has_one_name():
    names = {
        README.partition("\n")[0].removeprefix("# "),
        yaml.safe_load((ROOT / "_config.yml").read_text())["title"],
        yaml.safe_load((ROOT / "CITATION.cff").read_text())["title"],
        re.search(r"\n# (.+)", (ROOT / "book/intro.md").read_text())[1],
    }
    assert len(names) == 1


def test_the_guide_for_authors_has_at_most_1200_words():
    text = re.sub(r"```text.+?```", "", GUIDE, flags=re.DOTALL)  # the tree
    assert len(text.split()) <= 1200


def test_each_link_of_the_guides_leads_to_a_file():
    for guide in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        links = re.findall(r"\]\(([^)#]+)\)", guide.read_text("utf-8"))
        assert links
        assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_way_to_publish_the_package_is_in_its_guide():
    guide = (ROOT / "tools" / "publish" / "README.md").read_text("utf-8")
    assert "make release-check" in guide


def test_what_the_hub_page_installs_and_sets_is_there():
    page = (ROOT / "book" / "hub.md").read_text("utf-8")
    files = set(re.findall(r"-[rc] ([\w./-]+)", page))
    assert files == {
        "requirements/parts-1-2.txt",
        "requirements/constraints.txt",
    }
    assert files | {"requirements.txt"} <= set(export.FILES)
    settings = re.findall(r"```python\n(.+?)```", page, re.DOTALL)
    assert len(settings) == 2
    made = Config()
    for text in settings:
        exec(text, {"c": made, "get_config": lambda: made})  # noqa: S102 - ours
    assert set(made.Spawner.environment) == {"PYTHONPATH"}
    for owner in (CourseDirectory, Exchange):
        asked = set(made[owner.__name__])
        assert asked
        assert asked <= set(owner.class_traits(config=True))
    assert (
        "git-pull?repo=" in (ROOT / "book" / "grading_term.md").read_text()
    )


TEACHING = sorted((ROOT / "book").glob("grading*.md"))


@pytest.mark.parametrize("path", TEACHING, ids=lambda path: path.stem)
def test_each_command_of_the_instructors_guide_is_there(path):
    text = path.read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= targets
    for program, known in {"grader": GRADING, "rnncore": COURSE}.items():
        named = re.findall(rf"python -m {program} ([a-z]+)", text)
        assert set(named) <= known.keys()
    for module in re.findall(r"python -m ((?:tools|grader)\.[\w.]+)", text):
        assert find_spec(module)


def test_the_guide_s_first_page_is_short():
    first, term = (
        (ROOT / "book" / name).read_text("utf-8").split()
        for name in ("grading.md", "grading_term.md")
    )
    assert len(first) < 800
    assert len(term) < 3000


def test_every_attack_stands_in_the_instructors_guide():
    guide = (ROOT / "book" / "grading_attacks.md").read_text("utf-8")
    rows = {a.name: f"| {a.kind} | {a.tries} |" for a in ATTACKS.values()}
    missing = [name for name, row in rows.items() if row not in guide]
    assert missing == []  # make attacks WRITE=1
