"""What the page on services concludes for thousands of learners."""

from grader.course.settings import Limits
from tools import ROOT

LEARNERS = 5_000


def test_what_the_page_concludes_follows_from_the_measurements():
    measured = (ROOT / "book/measured.md").read_text("utf-8")
    block = measured.split("<!-- grader -->")[1].split("<!-- end")[0]
    rows = [line.split("|") for line in block.splitlines()]
    ours = [float(row[4]) for row in rows if "1,000" in "".join(row[2:3])]
    assert len(ours) == 2  # on NumPy and on torch, two cores
    limit = Limits().total_seconds
    page = (ROOT / "book/grading_services.md").read_text("utf-8")
    assert "a core as long as more than a thousand that end" in page
    assert limit / (2 * max(ours)) > 1000
    executed = LEARNERS * 2 * max(ours)  # seconds of a core
    endless = LEARNERS / 100 * limit  # if one in a hundred does not end
    read = LEARNERS * 2 * 60
    assert executed < endless < read
    assert f"are {read / 3600:.0f} hours of work" in page
