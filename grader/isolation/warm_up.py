"""What a learner's process does for the first time, done before the fork.

Much is imported, and many tables are built, at first use: of a traceback, a
picture, a slider, torch's optimisers. Here no cell has to wait for that, and
it must leave no thread running.
"""

from __future__ import annotations

import contextlib
import io
import sys
from typing import Any

CELLS = {
    "IPython": "def fail(x):\n    return 1 / x\nfail(0)",
    "numpy": """
import numpy as np
rng = np.random.default_rng(0)
from array_api_compat import array_namespace
xp = array_namespace(rng.normal(size=2))
print(rng.normal(size=(2, 2)) @ np.linalg.inv(np.eye(2)))
print(rng.permutation(3))
""",
    "matplotlib.pyplot": """
import matplotlib.pyplot as plt
fig, ax = plt.subplots()
ax.plot([1, 2, 3], label="a $x_1$")
ax.set_title("b")
ax.legend()
plt.show()
plt.close("all")
""",
    "ipywidgets": """
from ipywidgets import FloatSlider, IntSlider, interact
shown = interact(lambda a, b: None, a=FloatSlider(0.5), b=IntSlider(1))
""",
    "rnncore.display": """
from rnncore.display import plot_lines
plot_lines({"a": [1.0, 2.0], "b": [2.0, 1.0]}, "x", "y", "a title")
""",
    "rnncore.testing": """
import numpy as np
from rnncore.testing import check, closed, mover
closed.own_functions("rnn_cell")
try:
    check(np.tanh, np.sin, [{"x": np.ones(2)}])
except AssertionError as error:
    print(error)
""",
    "torch": """
import torch
from array_api_compat import array_namespace
w = torch.ones(2, 2, dtype=torch.float64, requires_grad=True)
torch.autograd.gradcheck(lambda w: torch.tanh(w @ w), (w,))
adam = torch.optim.Adam([w], 0.1)
torch.nn.LSTM(2, 2, dtype=torch.float64)(w[None])[0].sum().backward()
adam.step()
print(array_namespace(w).asarray([1.0]))
print(w)
""",
}


def run(shell: Any, outputs: Any) -> None:
    """Run what belongs to the modules that are loaded; forget it all."""
    for name, source in CELLS.items():
        if name in sys.modules:
            outputs.begin(1, 10_000_000)
            with contextlib.redirect_stdout(io.StringIO()):
                shell.run_cell(source, store_history=False)
            failed = [o for o in outputs.found if "ename" in o]
            if failed and name != "IPython":
                raise RuntimeError(f"warming {name}: {failed[0]['evalue']}")
    shell.reset(new_session=True)
    outputs.begin(0, 0)
