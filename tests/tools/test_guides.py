"""README and CONTRIBUTING stay as short as a newcomer needs them."""

import re

from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import Exchange
from traitlets.config import Config

from tests.attacks.catalogue import ATTACKS
from tools import ROOT
from tools.publish import export

README = (ROOT / "README.md").read_text("utf-8")
GUIDE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def section(title):
    return GUIDE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_the_readme_has_at_most_120_lines():
    assert len(README.splitlines()) <= 120


def test_the_project_has_at_most_twenty_words_of_its_own():
    words = re.findall(r"\*([^*]+)\*[:,]", section("Words of this project"))
    assert 0 < len(words) <= 20


def test_the_way_to_publish_the_package_is_in_the_guide():
    assert "make release-check" in section("Publishing the package")
    assert "make release-check" not in README


def test_what_the_hub_page_installs_and_sets_is_there():
    page = (ROOT / "book" / "hub.md").read_text("utf-8")
    files = set(re.findall(r"-[rc] ([\w.-]+)", page))
    assert files == {"requirements-parts-1-2.txt", "constraints.txt"}
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
    assert "git-pull?repo=" in (ROOT / "book" / "grading.md").read_text()


def test_every_attack_stands_in_the_instructors_guide():
    guide = (ROOT / "book" / "grading.md").read_text("utf-8")
    rows = {a.name: f"| {a.kind} | {a.tries} |" for a in ATTACKS.values()}
    missing = [name for name, row in rows.items() if row not in guide]
    assert missing == []  # make attacks WRITE=1
