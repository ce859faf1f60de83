"""Compare initialisations over a lag with five seeds, each at its own best rate.

As `lags`, and in two parts each, which had the same steps, seeds and learning
rates. "adding": plain cells on the adding problem of length 50, with "says
one" as the control whose output begins at the mean of the answers; "copy": the
copy problem at lag 20, with three initialisations of the LSTM's biases.
"adding-more" and "copy-more": the same for Glorot's weights and the identity
with ReLU; "adding-swapped" and "copy-swapped": orthogonal with ReLU and the
identity with tanh; "adding-relu": the default and Glorot's weights with ReLU.
About half an hour of one core.
"""

from functools import partial

from tools.train.ch05.lags import (
    LOW,
    LSTMS,
    RELUS,
    SWAPPED,
    LagStudy,
    run,
    select_contenders,
)
from tools.train.runner import Training

FIVE = (0, 1, 2, 3, 4)
FIRST, MORE = (
    select_contenders("uniform", "orthogonal"),
    select_contenders("glorot", "identity"),
)
STUDIES = {
    "adding": LagStudy(
        "adding", 50, FIRST | select_contenders("says one"), 6000, LOW, FIVE
    ),
    "adding-more": LagStudy("adding", 50, MORE, 6000, LOW, FIVE),
    "copy": LagStudy("copy", 20, FIRST | LSTMS, 2000, LOW, FIVE),
    "copy-more": LagStudy("copy", 20, MORE, 2000, LOW, FIVE),
    "adding-swapped": LagStudy("adding", 50, SWAPPED, 6000, LOW, FIVE),
    "adding-relu": LagStudy("adding", 50, RELUS, 6000, LOW, FIVE),
    "copy-swapped": LagStudy("copy", 20, SWAPPED, 2000, LOW, FIVE),
}
TRAINING = Training(
    "starts",
    __doc__,
    {},
    {n: partial(run, f"starts.{n}", s) for n, s in STUDIES.items()},
)
