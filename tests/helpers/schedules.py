"""Training from one dictionary, for tests that change a part of it."""

from rnncore.train import Schedule


def planned(train):
    """`train` with the fields of its schedule among its arguments."""

    def call(*args, **given):
        own = {k: given.pop(k) for k in Schedule._fields if k in given}
        return train(*args, schedule=Schedule(**own), **given)

    return call
