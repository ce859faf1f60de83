"""Hostile notebooks gain nothing, read nothing, and leave nothing behind."""

import json
import re

import pytest

from attacks import harness
from attacks.catalogue import ATTACKS
from attacks.target import POINTS
from grading import NEEDS_SANDBOX, make_once

pytestmark = [NEEDS_SANDBOX, pytest.mark.slow, pytest.mark.system]


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """The class, graded; what there was before, and what is left."""

    def make(base):
        root = harness.make_class(base, ATTACKS.values())
        before = harness.picture(root)
        with harness.a_service():
            printed = harness.grade(root)
        found = {
            "printed": printed,
            "before": before,
            "after": harness.picture(root),
            "left": harness.left_processes(),
            "points": harness.points(root),
        }
        (base / "found.json").write_text(json.dumps(found))

    base = make_once(tmp_path_factory, "attacked", make)
    return base / "course", json.loads((base / "found.json").read_text())


def test_everybody_is_graded(attacked):
    root, _ = attacked
    rows = harness.rows(root)
    assert {"victim", "blank", "honest", *ATTACKS} == rows.keys()
    failed = [row for row in rows.values() if row["status"] == "failed"]
    assert not failed


def test_honest_work_has_its_points_beside_them(attacked):
    points = attacked[1]["points"]
    assert points["honest"] == points["victim"] == POINTS
    assert points["blank"] == 0


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_gains_no_point(attacked, name):
    points = attacked[1]["points"]
    assert points.get(name, 0) <= points["blank"]


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_reads_no_secret(attacked, name):
    root, _ = attacked
    text = harness.shown(root, name)
    assert harness.secrets_in(text) == []
    secret = (root / "grading" / ".secret").read_bytes().hex()
    assert secret not in text
    assert not re.search(
        r"FOUND (reached|may|has a|memory of|connected|imported)", text
    ), re.findall(r"FOUND [^\\]*", text)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_shows_nothing_that_acts_by_itself(attacked, name):
    root, _ = attacked
    assert harness.active_outputs(root, name) == []
    page = root / "grading" / "feedback" / name / "target" / "target.html"
    assert not harness.ACTIVE.search(page.read_text())


def test_no_process_outlives_the_run(attacked):
    assert attacked[1]["left"] == []


def test_no_other_file_is_changed(attacked):
    _, found = attacked
    assert found["after"] == found["before"]


def test_what_is_printed_holds_no_secret_and_no_codes(attacked):
    text = attacked[1]["printed"]
    assert harness.secrets_in(text) == []
    assert "\x1b" not in text
