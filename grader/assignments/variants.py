"""Who has which values of an assignment: grading/variants.json, and the secret.

Values are drawn from the course's secret, the assignment, and the learner or one
seed for the class. Nothing in a learner's notebook has a say. What was handed out is
written down, so that a parameter which gets another value later changes no notebook
that somebody works on. grading/variants/ holds the sources that were built so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from grader.assignments.parameters import Values, draw_values, fingerprint_values
from grader.assignments.source import list_parameters
from grader.course.seeds import course_secret, variant_key
from grader.course.submissions import Submission, replace_text
from rnncore.storage.files import composed

NONE = "none"  # as a seed: the text that everybody gets


class Variants:
    """What the learners of a course, whose folder `home` is, were given.

    An assignment has a class's values, or those of its learners, or neither: then
    all have the usual text.
    """

    def __init__(self, home: Path):
        self.home = home
        self.path = home / "variants.json"
        kept = json.loads(self.path.read_bytes()) if self.path.exists() else {}
        self._classes: dict[str, Values] = kept.get("classes", {})
        self._learners: dict[str, dict[str, Values]] = kept.get("learners", {})

    def give_class(self, name: str, seed: str) -> Values | None:
        """Draw a class's values of an assignment; None: the usual text.

        Its learners have none of their own any more.
        """
        self._classes.pop(name, None)
        self._learners.pop(name, None)
        if seed != NONE and (parameters := list_parameters(name)):
            key = variant_key(course_secret(self.home), name, seed, of_class=True)
            self._classes[name] = draw_values(parameters, key)
        return self.find_class(name)

    def give_learners(self, name: str, learners: Iterable[str]) -> None:
        """Draw the values of each learner who has none yet; the class's go."""
        self._classes.pop(name, None)
        mine = self._learners.setdefault(name, {})
        for who in map(composed, learners):
            mine.setdefault(who, self._draw(name, who))

    def find_class(self, name: str) -> Values | None:
        """The class's values of an assignment; None: the usual text."""
        return self._classes.get(name)

    def find_shared(self, name: str) -> Values | None:
        """The values that all have; None: the usual text.

        Raises ValueError where each learner has values of their own.
        """
        if self.is_for_each(name):
            raise ValueError(
                f"{name}: expected one text for all, got values of each learner's own, "
                "which only `make grade` knows: VARIANT=seed or VARIANT=none with "
                "`make exercises` gives all the same"
            )
        return self.find_class(name)

    def is_for_each(self, name: str) -> bool:
        """Whether each learner has values of the assignment of their own."""
        return name in self._learners

    def find_own(self, name: str, who: str) -> Values | None:
        """A learner's own values; who came later has those that are drawn now."""
        if not self.is_for_each(name):
            return None
        who = composed(who)
        return self._learners[name].get(who) or self._draw(name, who)

    def _draw(self, name: str, who: str) -> Values:
        key = variant_key(course_secret(self.home), name, who, of_class=False)
        return draw_values(list_parameters(name), key)

    def save(self) -> None:
        """Write down who has which values."""
        made = {"classes": self._classes, "learners": self._learners}
        replace_text(self.path, json.dumps(made, indent=1, sort_keys=True) + "\n")

    def place(self, values: Values) -> Path:
        """The folder of the sources that were built with these values."""
        return self.home / "variants" / fingerprint_values(values)

    def mark(self, submission: Submission) -> Submission:
        """A submission that knows whose values it is graded with.

        They are those of the learner in whose folder it lies, a team's too.
        """
        values = self.values_of(submission)
        return (
            replace(submission, variant=fingerprint_values(values))
            if values
            else submission
        )

    def values_of(self, submission: Submission) -> Values | None:
        """The learner's own values with which a submission is graded."""
        return self.find_own(submission.assignment, submission.path.parent.name)
