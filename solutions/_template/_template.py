# %% [markdown] kind="short" draft=true
# # Running mean
#
# *20 minutes, 3 points.* You will write the mean of all that came so far.

# %% [markdown]
# What you write keeps the library, dtype and device of its arguments.

# %%
from rnncore.backend import array_namespace

device = "numpy"

# %% [markdown]
# ## Task 1: the mean so far (3 points)
#
# `running_mean(x)` takes a series x (T, B) and gives the means m (T, B), where $m_t$ is the mean of $x_1$ to $x_t$.


# %% solution="running_mean"
def running_mean(x):
    """The mean of x[: t + 1] for each step t, (T, B)."""
    ### BEGIN SOLUTION
    xp = array_namespace(x)
    return xp.stack([xp.mean(x[: t + 1], axis=0) for t in range(len(x))])
    ### END SOLUTION


# %% test="running_mean" points=3
import numpy as np

from rnncore.testing import check, hidden_inputs, mover, stored


def series(rng, T, B):
    return {"x": rng.normal(size=(T, B))}


visible = mover(device)(series(np.random.default_rng(1), 4, 3))
check(running_mean, stored("running_mean"), [visible])
### BEGIN HIDDEN TESTS
hidden = hidden_inputs(series, [(1, 1), (5, 2)], device)
check(running_mean, reference_running_mean, hidden)
### END HIDDEN TESTS
print("Task 1 holds.")

# %% mistakes="running_mean"
r"""
the future: the mean is over all steps, and not over those so far
- xp.mean(x[: t + 1], axis=0)
+ xp.mean(x, axis=0)
"""
