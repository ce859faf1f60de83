"""Forecasting: windows, networks, heads, scores, back-tests, baselines.

One idea a module, in the order in which chapter 11 builds them: `windows`,
`models`, `heads`, `training`, `scores`, `classical`, `backtest`; then what
only the command line needs: `table` (files) and `pipeline` (a file's series
from end to end). A name is imported from its module.
"""
