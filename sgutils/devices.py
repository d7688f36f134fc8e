"""Where tensors can be."""

import torch

from .checks import shown
from .errors import InputError


def usable_device(device: torch.device | str) -> torch.device:
    """The device of this name.

    Raises:
        InputError: if there is none on this machine.
    """
    try:
        found = torch.device(device)
        torch.zeros(1, device=found)
        if found.type == "meta":
            raise ValueError("tensors there hold no numbers")
    except Exception as error:  # each kind of device has errors of its own for it
        raise InputError(
            f"{shown(device)} is not a device of this machine: expected cpu, or cuda where it is."
        ) from error
    return found
