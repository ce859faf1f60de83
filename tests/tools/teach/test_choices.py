"""The choices of exams and question bank: whole, and worth nothing to a guesser."""

import re
from fractions import Fraction
from statistics import mean

import pytest

from tools import ROOT
from tools.teach.choices import FOLDER, Choices, pair, read_choices
from tools.teach.pages import Question, Unreadable, Wrong

PAGES = sorted(path.stem for path in FOLDER.glob("*.toml"))
GUESSED = 0.35  # of the right choices, at most, without knowledge
WHOLE = """[[question]]
asked = "Which?"
right = "this one"
wrong = ["that one", "the other", "none"]
"""


def closing(page):
    """The closing questions of a page's source."""
    text = (ROOT / "book" / f"{page}.md").read_text("utf-8")
    section = text.partition("\n## Check yourself\n")[2].partition("\n## ")[
        0
    ]
    return re.findall(
        r"^:::+\{dropdown\} \d+\. (.+)$", section, re.MULTILINE
    )


@pytest.mark.parametrize("page", PAGES)
def test_each_closing_question_has_its_choices(page):
    assert len(read_choices(page)) == len(closing(page)) > 0


@pytest.mark.parametrize("page", PAGES)
def test_a_question_stands_alone_as_plain_text(page):
    for one in read_choices(page):
        told = " ".join([one.asked, one.right, *one.wrong])
        assert not re.search(
            r"[$\\]|\b(this|the) page\b|\bhere\b|\b(figure|picture|table|"
            r"equation|chapter) (above|below)|\b(Fig\.|assignment)",
            told,
            re.IGNORECASE,
        ), told
        assert 5 <= len(one.asked) <= 400, one.asked
        for choice in (one.right, *one.wrong):
            assert len(choice.split()) <= 22, choice


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("asked = ", "TOML"),
        ("[questions]\n", r"\[\[question\]\] alone"),
        (WHOLE.replace('"Which?"', '""'), "a text"),
        (WHOLE.replace('"Which?"', "3"), "a text"),
        (WHOLE.replace('right = "this one"', ""), "'right'"),
        (WHOLE.replace(', "none"', ""), "3 wrong choices"),
        (WHOLE.replace("none", "this one"), "different choices"),
    ],
)
def test_choices_in_another_form_are_refused(tmp_path, text, expected):
    (tmp_path / "ch06_gates.toml").write_text(text, "utf-8")
    with pytest.raises(Unreadable, match=expected) as error:
        read_choices("ch06_gates", tmp_path)
    assert "ch06_gates.toml" in str(error.value)


def test_a_page_without_choices_or_with_fewer_is_refused(tmp_path):
    with pytest.raises(Unreadable, match="ch07_more"):
        read_choices("ch07_more", tmp_path)
    (tmp_path / "ch06_gates.toml").write_text(WHOLE, "utf-8")
    read = read_choices("ch06_gates", tmp_path)
    question = Question(
        "ch06_gates", "Which?", "This.", [Wrong("No", "why")]
    )
    assert pair([question], read, "ch06_gates") == [(question, read[0])]
    with pytest.raises(Unreadable, match="2 closing questions"):
        pair([question] * 2, read, "ch06_gates")


def words(text):
    return set(re.findall(r"[^\W_]{3,}", text.lower()))


def number(choice):
    """The first number of a choice, None without one."""
    found = re.search(r"\d[\d,]*(\.\d+|/\d+)?", choice)
    return float(Fraction(found[0].replace(",", ""))) if found else None


def by(score):
    """A guesser that takes what scores most; or none, if that is no difference."""

    def guess(asked, choices):
        scores = [score(asked, choice) for choice in choices]
        best = max(scores)
        ties = [
            c for c, s in zip(choices, scores, strict=True) if s == best
        ]
        return ties if len(ties) < len(choices) else []

    return guess


def likeness(choice, others):
    """How many of its words a choice shares with others, from 0 on."""
    own = words(choice)
    return sum(
        len(own & words(o)) / max(1, len(own | words(o))) for o in others
    )


def like_the_others(asked, choices):
    """A guesser that takes what the other choices look like."""
    return by(lambda _, c: likeness(c, [o for o in choices if o != c]))(
        asked, choices
    )


def place(rank):
    """A guesser that takes a rank among four different numbers."""

    def guess(_, choices):
        numbers = [number(choice) for choice in choices]
        if None in numbers or len({*numbers}) < len(choices):
            return []
        return [choices[numbers.index(sorted(numbers)[rank])]]

    return guess


def at_length(rank):
    """A guesser that takes a rank of length."""
    return lambda _, choices: [sorted(choices, key=len)[rank]]


def holds(pattern):
    return by(
        lambda _, choice: bool(re.search(pattern, choice, re.IGNORECASE))
    )


ABSOLUTE = r"\b(never|always|only|all|every|none|nothing|any)\b"
GUESSERS = {
    "longest": by(lambda _, choice: len(choice)),
    "second longest": at_length(2),
    "second shortest": at_length(1),
    "shortest": by(lambda _, choice: -len(choice)),
    "most words": by(lambda _, choice: len(choice.split())),
    "absolute": holds(ABSOLUTE),
    "not absolute": holds(rf"^(?!.*{ABSOLUTE})"),
    "words of the question": by(
        lambda asked, choice: len(words(asked) & words(choice))
    ),
    "few words of the question": by(
        lambda asked, choice: -len(words(asked) & words(choice))
    ),
    "like the others": like_the_others,
    "yes": holds(r"^yes\b"),
    "no": holds(r"^no\b"),
    "a comma": holds(r"[,;:]"),
    "smallest": place(0),
    "second": place(1),
    "third": place(2),
    "largest": place(3),
}


def rate(guess, items):
    """The share of right ones where the guesser guesses, and how often it does.

    One that cannot decide between some takes any of them.
    """
    hits = []
    for one in items:
        if taken := guess(one.asked, sorted([one.right, *one.wrong])):
            hits.append((one.right in taken) / len(taken))
    return (mean(hits) if hits else 0.0), len(hits)


@pytest.mark.parametrize("name", GUESSERS)
def test_nobody_passes_without_knowledge(name):
    items = [one for page in PAGES for one in read_choices(page)]
    share, count = rate(GUESSERS[name], items)
    print(f"{name}: {share:.0%} of {count}")
    assert share <= GUESSED


def test_a_guesser_is_found_out_where_it_is_right():
    longest = Choices("Which?", "the right one", ("a", "b", "c"))
    always = Choices("Which?", "never", ("ninety", "eighty", "thirty"))
    second = Choices("Which?", "2", ("1", "4", "3"))
    items = [longest, always, second]
    assert rate(GUESSERS["longest"], [longest]) == (1, 1)
    assert rate(GUESSERS["shortest"], items) == ((0 + 1) / 2, 2)
    assert rate(GUESSERS["absolute"], items) == (1, 1)
    assert rate(GUESSERS["second"], items) == (1, 1)
    assert rate(GUESSERS["largest"], items) == (0, 1)


def test_each_page_with_closing_questions_has_a_file():
    asked = {
        path.stem
        for path in (ROOT / "book").glob("*.md")
        if "\n## Check yourself\n" in path.read_text("utf-8")
    }
    assert {*PAGES} == asked
