"""A straight line beside a network."""

import pytest

from tests.helpers.arrays import assert_close

torch = pytest.importorskip("torch")

from rnncore.application import seeded
from rnncore.apps.forecast.beside import Beside
from rnncore.forecast.models import Direct

T, K, B, H, F, P = 12, 5, 3, 6, 2, 3


def test_a_line_goes_past_a_network_that_says_nothing(rng):
    past = torch.as_tensor(rng.normal(size=(T, B, 1 + F)))
    known = torch.zeros(K, B, F, dtype=torch.double)
    with seeded(0):
        network = Direct("GRU", F, H, K, P)
        module = Beside(network, T, K, P).double()
    last = past[-1, :, 0][None, :, None]
    assert_close(module(past, known), network(past, known) + last)
    torch.nn.init.normal_(module.line.weight)
    change = module(past, known) - network(past, known) - last
    x = (past - past[-1])[..., 0].T
    for k, p in ((0, 0), (4, 1), (2, 2)):
        assert_close(change[k, :, p], x @ module.line.weight[k * P + p])
    with pytest.raises(ValueError, match=r"^past:"):
        module(past[1:], known)
