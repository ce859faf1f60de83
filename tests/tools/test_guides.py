"""README and CONTRIBUTING stay as short as a newcomer needs them."""

import re

from tests.attacks.catalogue import ATTACKS
from tools import ROOT

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


def test_every_attack_stands_in_the_instructors_guide():
    guide = (ROOT / "book" / "grading.md").read_text("utf-8")
    rows = {a.name: f"| {a.kind} | {a.tries} |" for a in ATTACKS.values()}
    missing = [name for name, row in rows.items() if row not in guide]
    assert missing == []  # make attacks WRITE=1
