# %% [markdown] kind="short" draft=true
# # Running mean
#
# *30 minutes, 5 points.* You will write the mean of all that came so far.

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
~ xp.mean(x[: t + 1], axis=0) => xp.mean(x, axis=0)
"""

# %% [markdown]
# ## In your own words (2 points)
#
# *Core, about 10 minutes.*
#
# For a forecast somebody gives the network the mean over all steps of a series, at each step. In two or three sentences: what does the network know that it should not, and how will its error on new series differ from the one that was measured?

# %% [markdown] answer="all_steps" points=2
# The mean over all steps holds the steps that are still to come, so the future leaks into the input. The measured error is too small; on a new series the mean can be taken over the past alone, which is another input than the network has learnt with, and the error is larger.
#
# Rubric: 1 point for the leak; 1 point for the larger error on new series, with the reason.
