"""Hostile notebooks gain nothing, read nothing, and leave nothing behind."""

import json
import re

import pytest

from grader.isolation import sandbox
from tests.attacks import harness
from tests.attacks.catalogue import ATTACKS
from tests.attacks.target import NAME, POINTS, SECRETS
from tests.helpers.grading import make_once

pytestmark = [pytest.mark.weekly, pytest.mark.system]
MOST_MEMORY = (
    10**9
)  # bytes, of the process that learners' code is kept from
CODES = re.compile(
    r"[\x1b\x07\u200b\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)


CASES = pytest.mark.parametrize("name", ATTACKS)


@pytest.fixture(scope="module", params=harness.USERS)
def attacked(request, tmp_path_factory):
    """The class, graded; what there was before, and what is left."""
    user = request.param
    if why := sandbox.why_not():
        pytest.skip(why)

    def make(base):
        root = harness.make_class(base, ATTACKS.values(), user)
        before = harness.picture(root)
        with harness.a_service():
            printed = harness.grade(root, user)
        found = {
            "printed": printed,
            "before": before,
            "after": harness.picture(root),
            "left": harness.left_processes(),
            "points": harness.points(root),
        }
        (base / "found.json").write_text(json.dumps(found))

    base = make_once(tmp_path_factory, f"attacked-{user}", make)
    return base / "course", json.loads((base / "found.json").read_text())


def test_everybody_is_graded(attacked):
    rows = harness.rows(attacked[0])
    beside = {name + harness.BESIDE for name in ATTACKS}
    assert {"victim", "blank", "honest", *ATTACKS, *beside} == rows.keys()
    failed = [row for row in rows.values() if row["status"] == "failed"]
    assert not failed


def test_honest_work_has_its_points_beside_them(attacked):
    points = attacked[1]["points"]
    assert points["honest"] == points["victim"] == POINTS
    assert points["blank"] == 0


@CASES
def test_the_honest_learner_beside_an_attack_has_all_points(attacked, name):
    assert attacked[1]["points"][name + harness.BESIDE] == POINTS


@CASES
def test_an_attack_gains_no_point(attacked, name):
    points = attacked[1]["points"]
    assert points.get(name, 0) <= points["blank"]


@CASES
def test_what_judges_an_attack_takes_less_than_a_gigabyte(attacked, name):
    root, _ = attacked
    assert harness.memory(root, name) < MOST_MEMORY
    assert harness.memory(root, "honest") > 0


@CASES
def test_an_attack_reads_no_secret(attacked, name):
    root, _ = attacked
    text = harness.shown(root, name)
    assert harness.secrets_in(text, root) == []
    assert not re.search(
        r"FOUND (reached|may|has a|memory of|connected|imported)", text
    ), re.findall(r"FOUND [^\\]*", text)


@CASES
def test_an_attack_shows_nothing_that_acts_by_itself(attacked, name):
    root, _ = attacked
    assert harness.active_outputs(root, name) == []
    page = root / "grading" / "feedback" / name / "target" / "target.html"
    assert not harness.ACTIVE.search(page.read_text())


def test_every_canary_is_where_it_would_be_found(attacked):
    root, _ = attacked
    grading = root / "grading"
    source = (grading / "source" / NAME / f"{NAME}.ipynb").read_text()
    victim = grading / "submitted" / "victim" / NAME / f"{NAME}.ipynb"
    known = {
        "a hidden test": source,
        "the reference": source,
        "another learner's answer": victim.read_text(),
        "the instructor's environment": str(harness.planted(root)),
        "a file of the instructor's": (
            root.parent / "home" / "diary.txt"
        ).read_text(),
        "the gradebook": (grading / "gradebook.db").read_text("latin-1"),
        "the course's secret": (grading / ".secret").read_bytes().hex(),
    }
    assert {*SECRETS, "the course's secret"} == known.keys()
    for what, text in known.items():
        assert what in harness.secrets_in(text, root)


def test_nothing_that_any_learner_gets_holds_a_secret(attacked):
    root, _ = attacked
    pages = harness.handed_out(root)
    assert len(pages) >= 2 * len(ATTACKS)
    for path, text in pages.items():
        # A comment is the instructor's word to its learner.
        own = ["the gradebook"] if path.startswith("victim/") else []
        assert {*harness.secrets_in(text, root)} <= {*own}, path


def test_no_process_outlives_the_run(attacked):
    assert attacked[1]["left"] == []


def test_no_other_file_is_changed(attacked):
    _, found = attacked
    assert found["after"] == found["before"]


def test_what_is_printed_holds_no_secret_and_no_codes(attacked):
    text = attacked[1]["printed"]
    assert harness.secrets_in(text, attacked[0]) == []
    assert not CODES.search(text)
