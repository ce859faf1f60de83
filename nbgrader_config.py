"""What nbgrader has to know of the course; its commands run from here."""

import sys
from pathlib import Path

import bleach
from nbconvert.filters import strip_files_prefix

ROOT = Path(__file__).resolve().parent

c = get_config()  # noqa: F821 - nbgrader defines it
c.CourseDirectory.course_id = "rnn"
c.CourseDirectory.root = str(ROOT)
c.CourseDirectory.source_directory = "grading/source"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.submitted_directory = "grading/submitted"
c.CourseDirectory.autograded_directory = "grading/autograded"
c.CourseDirectory.feedback_directory = "grading/feedback"
c.CourseDirectory.db_url = f"sqlite:///{ROOT}/grading/gradebook.db"

# Late work: without `late_shares` in course.toml its points stay, and `make
# grade` tells how late it is. nbgrader's other rule, if there are none:
# c.LateSubmissionPlugin.penalty_method = "zero"
c.AssignLatePenalties.plugin_class = "grader.course.late.DailyShares"

# Grading: `make grade` and nbgrader's own commands read the same settings.
c.Execute.timeout = 30  # seconds a cell
c.Grader.limits = {
    "total_seconds": 300
}  # a notebook; see grader/course/settings.py
c.Grader.workers = 2  # submissions graded side by side

# nbgrader's own `autograde`, and the formgrader's button, run a notebook as
# `make grade` does. Without these three settings they are stock nbgrader:
# no sandbox, and the tests in the learner's own process.
sys.path.insert(0, str(ROOT))  # where the package `grader` lies
c.Autograde.exporter_class = "grader.run.exporter.TrustedNotebook"
c.Autograde.sanitize_preprocessors = []
c.Autograde.autograde_preprocessors = [
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# nbgrader's own exchange follows a learner's links with your rights. These
# three copy plain files of the learner's alone.
OWN = "grader.systems.exchange"
c.ExchangeFactory.collect = f"{OWN}.Collect"
c.ExchangeFactory.release_assignment = f"{OWN}.ReleaseAssignment"
c.ExchangeFactory.release_feedback = f"{OWN}.ReleaseFeedback"

# A test that prints to the error stream counts as failed. A warning that
# NumPy prints there while a right answer runs must not cost its points.
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = r"Warning: "

# Stock feedback prints hidden tests and the reference. This one leaves out
# hidden regions, and all output, whose tracebacks quote them.
c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "nbgrader.preprocessors.ClearHiddenTests",
    "nbgrader.preprocessors.ClearOutput",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]

# The formgrader shows the model answer, with its rubric, below an answer.
c.HTMLExporter.preprocessors = ["grader.reports.rubric.ModelAnswers"]

# What a learner wrote is shown in an instructor's browser, by formgrader
# and feedback: what would act there by itself is taken out.
SHOWN = "a blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6"
SHOWN += " hr img li ol p pre span strong sub summary sup table tbody td th"
SHOWN += " thead tr ul"


def _may_stay(tag, name, value):
    """Whether an attribute stays: no code, nothing fetched elsewhere."""
    if tag == "a" and name == "href":
        return value.startswith(("#", "http://", "https://", "mailto:"))
    if tag == "img" and name == "src":
        return value.startswith(("data:image/png;", "data:image/jpeg;"))
    return name in ("class", "id", "alt", "title", "start", "colspan")


def _sanitised(text):
    return bleach.clean(
        strip_files_prefix(text),
        tags=SHOWN.split(),
        attributes=_may_stay,
        protocols=["http", "https", "mailto", "data"],
    )


c.HTMLExporter.sanitize_html = True
c.HTMLExporter.filters = {"strip_files_prefix": _sanitised}
