"""Forecasting: windows, networks, heads, scores, back-tests, baselines.

One idea a module, in the order in which chapter 11 builds them: `windows`,
`models`, `heads`, `training`, `scores`, `classical`, `backtest`; then what
only the command line needs: `table` (files), `rivals` (with a spread each),
`pipeline` (a file's series as the network has them) and `contest` (who is
ahead, and forecasts). A name is imported from its module.
"""
