"""A blind test for a page: who wrote this? No library, no server."""

import re
from collections.abc import Sequence
from html import escape

from rnncore.display import HTML

_JUDGE = (
    "const f=this,n=f.querySelectorAll('fieldset');let right=0,left=0;"
    "n.forEach(s=>{const c=s.querySelector('input:checked'),"
    "o=s.querySelector('output');"
    "if(!c){left++;o.value='Not answered yet.';return}"
    "const ok=c.value===s.dataset.answer;right+=ok;"
    "o.value=(ok?'✓ Right: ':'✗ No: ')+s.dataset.said});"
    "f.querySelector('.rnn-verdict').value=right+' of '+n.length+' right'"
    "+(left?', '+left+' not answered.':'.');return false"
)


def who_wrote_it(
    sounds: Sequence[HTML],
    answers: Sequence[str],
    choices: Sequence[str],
    said: Sequence[str],
) -> HTML:
    """Several players, a choice under each, and a button that tells.

    `said` is what the reader is told beside the answer. Without
    JavaScript the answers are folded beneath.

    Raises ValueError where there are not equally many of each, or an
    answer is none of the choices.
    """
    if not len(sounds) == len(answers) == len(said) > 0:
        raise ValueError(
            "answers, said: expected one per sound, got "
            f"{len(answers)} and {len(said)} for {len(sounds)}"
        )
    strange = [a for a in answers if a not in choices]
    if strange:
        raise ValueError(
            f"answers: expected one of {list(choices)}, got {strange[0]!r}"
        )
    asked, told = [], []
    for k, (sound, answer, words) in enumerate(
        zip(sounds, answers, said, strict=True), start=1
    ):
        buttons = "".join(
            '<label style="margin-right:1rem">'
            f'<input type="radio" name="rnn-who-{k}" '
            f'value="{_key(c)}" /> {escape(c)}</label> '
            for c in choices
        )
        truth = f"{answer}. {words}"
        asked.append(
            f'<fieldset data-answer="{_key(answer)}" '
            f'data-said="{escape(truth)}" style="margin:0.5rem 0">'
            '<legend style="font-size:1rem;margin:0">'
            f"Who wrote excerpt {k}?</legend>"
            f"{sound.html}<div>{buttons}</div>"
            '<output aria-live="polite"></output></fieldset>'
        )
        told.append(f"<li>{escape(truth)}</li>")
    return HTML(
        f'<form class="rnn-who" onsubmit="{_JUDGE}" autocomplete="off">'
        f"{''.join(asked)}<p><button>Tell me</button> "
        '<output class="rnn-verdict" aria-live="polite"></output></p>'
        "<noscript><details><summary>The answers</summary>"
        f"<ol>{''.join(told)}</ol></details></noscript></form>"
    )


def _key(choice: str) -> str:
    return re.sub(r"\W+", "-", choice.lower())
