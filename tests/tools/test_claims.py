"""The check that finds conclusions without a claim."""

import json

import pytest

from tools.check import claims

PAGE = """\
---
best: of all
---
# A title that beats all

The best introduction.

## What is measured

{prose}

```{{code-cell}} ipython3
params = fit(learn, params)
%matplotlib inline
{code}
```

## Check yourself

```{{code-cell}} ipython3
1
```

It never loses.
"""
LSTM = "The LSTM beats the plain cell."


def found(tmp_path, prose=LSTM, code="", page=PAGE):
    path = tmp_path / "ch99_page.md"
    path.write_text(page.format(prose=prose, code=code))
    return claims.find_unbound([path])


def test_a_conclusion_without_a_claim_is_found_with_its_place(tmp_path):
    ((key, part),) = found(tmp_path).items()
    assert key == "ch99_page: What is measured"
    assert part.conclusions() == [LSTM]
    (line,) = claims.find_problems(
        {key: part}, {"missing": [], "allowed": {}}
    )
    assert line.startswith("book/ch99_page.md:8: 'What is measured' draws")
    assert line.endswith(LSTM)


@pytest.mark.parametrize(
    "code",
    ['claim("it does", a < b)', "assert a < b", "if a:\n    assert a"],
)
def test_a_claim_or_an_assertion_binds_a_section(tmp_path, code):
    assert found(tmp_path, code=code) == {}


@pytest.mark.parametrize(
    "code",
    [
        'claim("it does", True)',
        "assert True",
        'claim("it does")',
        "claimed(a, b)",
        "# assert a < b",
        "# rnncore.optim.adam",
    ],
)
def test_what_cannot_fail_binds_nothing(tmp_path, code):
    assert len(found(tmp_path, code=code)) == 1


@pytest.mark.parametrize(
    "prose",
    [
        "The LSTM is 3 times as large.",
        "Which of them wins?",
        "The file `best.json` holds $best$ and $\\beats$.",
        ":::{predict}\n:choices: It wins | It loses\n:answer: It wins\nIt wins.\n:::",
        ":::{dropdown} 1. Who wins?\nThe LSTM beats it.\n:::",
        "Films that training never saw.",
        "Bestow it upon a winsome loser.",
    ],
)
def test_what_is_no_conclusion_needs_no_claim(tmp_path, prose):
    assert found(tmp_path, prose) == {}


@pytest.mark.parametrize(
    "words",
    [
        "the best",
        "it Beats",
        "one cannot",
        "because",
        "the reason is",
        "is faster than",
        "is better than",
        "loses",
        "wins",
        "never",
        "is far worse",
        "finds nothing better",
        "clearly outdoes",
    ],
)
def test_words_of_a_conclusion(tmp_path, words):
    assert len(found(tmp_path, f"So {words} this.")) == 1


def test_a_page_that_trains_nothing_is_looked_at_too(tmp_path):
    calm = PAGE.replace("fit(", "abs(")
    assert len(found(tmp_path, page=calm)) == 1


def test_a_section_without_code_is_left(tmp_path):
    only_prose = PAGE.replace("## Check yourself", "## Wins")
    only_prose = only_prose.replace(
        "```{{code-cell}} ipython3\n1\n```\n", ""
    )
    assert len(found(tmp_path, page=only_prose)) == 1


def test_a_listed_section_passes_until_it_is_mended(tmp_path):
    part = found(tmp_path)
    (key,) = part
    for known in (
        {"missing": [key], "allowed": {}},
        {"missing": [], "allowed": {key: "a proof"}},
    ):
        assert claims.find_problems(part, known) == []
        (line,) = claims.find_problems({}, known)
        assert line.startswith(f"{key}: listed in claims.json")


def test_shrinking_takes_off_what_was_mended_and_adds_nothing(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(claims, "ROOT", tmp_path)
    (tmp_path / "book").mkdir()
    found(tmp_path / "book")  # a page that concludes, and binds nothing
    path = tmp_path / "claims.json"
    path.write_text(
        json.dumps(
            {"missing": ["ch99: Gone"], "allowed": {"ch99: Too": "x"}}
        )
    )
    status = claims.main(["--shrink"], path)
    assert json.loads(path.read_text()) == {"missing": [], "allowed": {}}
    assert status == 1  # the page's section is not on this list
    assert "draws a conclusion" in capsys.readouterr().out


def test_every_allowance_has_a_reason():
    known = json.loads(claims.KNOWN.read_text())
    assert all(len(reason) > 10 for reason in known["allowed"].values())
    assert not set(known["missing"]) & set(known["allowed"])
