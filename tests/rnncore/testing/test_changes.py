"""What a call does to its arguments is seen, whatever they are made of."""

from collections import namedtuple

import numpy as np
import pytest

from rnncore.testing import CheckFailure, Properties, check, observe

Tape = namedtuple("Tape", ["caches", "h"])
A = np.arange(6.0).reshape(3, 2)


def arguments():
    return {
        "tape": Tape([(A, 1.0), (A + 1, 2.0), (A + 2, 3.0)], A),
        "sizes": {"a": 3, "b": 4},
        "lengths": [2, 3, 4],
    }


def pop_all(tape, sizes, lengths):
    while tape.caches:
        tape.caches.pop()


def scale_all(tape, sizes, lengths):
    for name in sizes:
        sizes[name] *= 2


def rename(tape, sizes, lengths):
    sizes["c"] = sizes.pop("b")


def order_keys(tape, sizes, lengths):
    sizes["a"] = sizes.pop("a")


def copy_an_entry(tape, sizes, lengths):
    tape.caches[1] = (A + 1, 2.0)  # equal, and another array


def write_into(tape, sizes, lengths):
    tape.caches[1][0][0, 0] = 9


CHANGES = {
    pop_all: "took entries out of its argument tape.caches",
    scale_all: "put other entries into its argument sizes",
    rename: "put entries into its argument sizes",
    order_keys: "put the entries of its argument sizes in another",
    copy_an_entry: "put other entries into its argument tape.caches",
    write_into: "changed its argument tape.caches[1][0] in place",
}
LISTS = {
    "reverse": (
        lambda tape, sizes, lengths: tape.caches.reverse(),
        "put the entries of its argument tape.caches in another order",
    ),
    "append": (
        lambda tape, sizes, lengths: lengths.append(5),
        "put entries into its argument lengths",
    ),
    "clear": (
        lambda tape, sizes, lengths: lengths.clear(),
        "took entries out of its argument lengths",
    ),
    "another kind": (
        lambda tape, sizes, lengths: lengths.__setitem__(0, 2.0),
        "put other entries into its argument lengths",
    ),
}


@pytest.mark.parametrize(
    ("answer", "says"),
    [*CHANGES.items(), *LISTS.values()],
)
def test_each_change_of_an_argument_is_told_and_costs_its_property(
    answer, says
):
    by = Properties(values=2, arguments=1)
    check(answer, lambda *_: None, [arguments()], by=by)
    assert set(by.lost) == {"arguments"}
    with pytest.raises(CheckFailure) as caught:
        check(answer, lambda *_: None, [arguments()])
    assert str(caught.value).partition("\n")[0].find(says) > 0


def test_what_only_reads_its_arguments_changes_none_of_them():
    def read(tape, sizes, lengths):
        return lengths[::-1], dict(sizes), tape.caches[::-1]

    seen = observe(read, arguments() | {"lengths": [float("nan"), 3, None]})
    assert (seen.changed, seen.how, seen.error) == ([], "", None)


def test_one_tolerance_holds_for_a_stored_and_for_a_computed_result():
    from rnncore.testing import Stored
    from rnncore.testing.fingerprints import decoded, encoded

    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 3))
    kept = Stored([decoded(encoded(x / 3))], [], "third")
    for off, holds in [(1e-12, True), (5e-11, True), (2e-9, False)]:
        for reference in (kept, lambda x: x / 3):
            by = Properties(values=2, dtype=1)
            check(
                lambda x, off=off: x / 3 + off, reference, [{"x": x}], by=by
            )
            assert ("dtype" not in by.lost) is holds, (off, reference)
