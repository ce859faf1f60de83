"""What late work keeps of its points, day by day, as course.toml says."""

from __future__ import annotations

import math
from pathlib import Path

from nbgrader.plugins.latesubmission import LateSubmissionPlugin

from grader.course.course_file import NAME
from grader.course.course_reader import read_course_file

DAY = 86_400  # seconds


class DailyShares(LateSubmissionPlugin):
    """A rule of nbgrader's: after each day begun, a share of the points is left.

    Without `late_shares` in course.toml it is nbgrader's own.
    """

    def late_submission_penalty(
        self, student_id: str, score: float, total_seconds_late: float
    ) -> float | None:
        """The points that are taken off, or None for none.

        Raises ValueError if course.toml is wrong.
        """
        shares = read_course_file(
            Path(self.config.CourseDirectory.root) / NAME
        ).late_shares
        if not shares:
            found: float | None = super().late_submission_penalty(
                student_id, score, total_seconds_late
            )
            return found
        days = math.ceil(total_seconds_late / DAY)
        left = shares[days - 1] if days <= len(shares) else 0
        return round(score * (1 - left), 2)
