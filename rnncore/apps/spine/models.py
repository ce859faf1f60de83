"""Model files, and the devices on which they run."""

import argparse
from collections.abc import Callable
from typing import Any

import torch

from rnncore import application
from rnncore.apps.spine.inputs import model_file


def choose_device(arguments: argparse.Namespace) -> torch.device:
    """The chosen device, with this number of threads.

    Raises Refused where there is no such device.
    """
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    return application.choose_device(arguments.device)


def load_model(arguments: argparse.Namespace, kind: str, load: Callable) -> Any:
    """What `load` makes of the model's file, on the device asked for.

    The network, or a list of them, comes first.
    """
    application.check_device(arguments.device)
    found = load(model_file(arguments.model, kind))
    device = choose_device(arguments)
    several = isinstance(found[0], list)
    for network in found[0] if several else found[:1]:
        network.to(device)
    return found
