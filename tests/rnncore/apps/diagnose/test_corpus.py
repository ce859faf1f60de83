"""Scripts in the forms of public code: who is healthy isn't accused."""

import pytest

from tools.bench.doctor import CORPUS, judge, read, warm_up

warm_up()
FIRST = sorted(
    f"{folder}/{name}.py"
    for folder, name in [
        ("healthy", "step_by_step"),
        ("healthy", "rows_of_pictures"),
        ("healthy", "digits_by_rows"),
        ("healthy", "by_hand"),
        ("healthy", "sentence_at_a_time"),
        ("faulty", "cut_by_data"),
        ("faulty", "column_against_row"),
        ("faulty", "column_minus_row"),
        ("faulty", "view_for_transpose"),
        ("faulty", "by_hand_never_cleared"),
        ("faulty", "copies_yesterday"),
    ]
)


@pytest.mark.parametrize("name", FIRST)
def test_a_minimal_script_of_strangers_comes_out_right(name):
    script = read(CORPUS / name)
    assert judge(script).names[:1] == [script.fault][: bool(script.fault)]
