"""Recurrent neural networks, from the first line: what the book builds.

One module or more per chapter, in the order of the chapters; an import
points only to an earlier module. Nothing is re-exported, here or in a
folder: a name is imported from the module that the book builds it in
(`from rnncore.rnn import unroll`). The exceptions are `rnncore.testing`,
for notebooks, and `rnncore.fused`, for the equations of cells.
"""

__version__ = "1.0.0"
