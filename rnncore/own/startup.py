"""What a kernel of `make lab OWN=1` runs first."""

from IPython import get_ipython

if (shell := get_ipython()) is not None:
    shell.extension_manager.load_extension("rnncore.own.notebook")
del shell
