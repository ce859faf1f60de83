"""Recurrent neural networks, from the first line: what the book builds.

One module a chapter, in the order of the chapters; an import points only
to an earlier module. Nothing is re-exported here: a name is imported from
the module that the book builds it in (`from rnncore.rnn import unroll`).
"""

__version__ = "0.1.0"
