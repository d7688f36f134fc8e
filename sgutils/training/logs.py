"""What can be watched while a run trains: a JSON object per epoch, and TensorBoard's curves where it is installed."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from ..files import write_atomically

if TYPE_CHECKING:
    from .history import Epoch

METRICS, TENSORBOARD = "metrics.jsonl", "tensorboard"


class Log:
    """Keeps ``metrics.jsonl`` and, if there is a tensorboard package, the folder ``tensorboard`` of a run.

    Args:
        folder: of the run.
        done: epochs that were done before. What TensorBoard was told of later ones is taken back: a run that was killed
            goes on at its last checkpoint, and tells of them again.

    Raises:
        InputError: if TensorBoard's folder cannot be written.
    """

    def __init__(self, folder: Path, done: int):
        self.path = folder / METRICS
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            self.board = None
        else:
            try:
                self.board = SummaryWriter(folder / TENSORBOARD, purge_step=done + 1)
            except OSError as error:
                raise InputError(f"Cannot write to {folder / TENSORBOARD} ({error.strerror}): move it away.") from error

    def write(self, history: "list[Epoch]") -> None:
        """Called after each epoch with all so far."""
        # Whole each time: it never ends in half a line, and a run that goes on from a checkpoint takes back what came later.
        write_atomically(self.path, "".join(json.dumps(dataclasses.asdict(epoch)) + "\n" for epoch in history))
        if self.board is not None and history:
            epoch = history[-1]
            scalars = {
                "test error": epoch.test_error,
                "validation error": epoch.validation_error,
                "learning rate": epoch.lr,
            }
            for name, value in scalars.items():
                if value is not None:
                    self.board.add_scalar(name, value, epoch.index)
            for name, value in epoch.train.items():
                self.board.add_scalar(f"train/{name}", value, epoch.index)
            self.board.flush()

    def close(self) -> None:
        """Called when training ends, however it ends."""
        if self.board is not None:
            self.board.close()
