"""Functions and commands in processes of their own, which one process forks that has loaded torch once."""

import multiprocessing
import os
import socket
import sys
from types import SimpleNamespace

import torch

# What a training loads sooner or later, and what the tests' own files import.
PRELOADED = [
    "sgutils.training.runs",
    "sgutils.cli",
    "sklearn.datasets",
    "torch.utils.tensorboard",
    "torch._dynamo",
    "pytest",
]


def context():
    """Where such processes start: each takes milliseconds, where a fresh one would take seconds to load torch."""
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload(PRELOADED)
    return forking


def _start(rank, count, port, function, arguments, out):
    os.environ.update(RANK=str(rank), WORLD_SIZE=str(count), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    torch.save(function(*arguments), out / f"{rank}.pt")


def in_processes(count, function, *arguments, out):
    """What a function returns in each of this many processes that torchrun might have started."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    out.mkdir()
    start = context().Process
    processes = [start(target=_start, args=(r, count, port, function, arguments, out)) for r in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        process.kill()
    assert [process.exitcode for process in processes] == [0] * count
    return [torch.load(out / f"{rank}.pt", weights_only=False) for rank in range(count)]


class Command:
    """`sgutils` with these arguments, as a shell would start it, but for the loading of torch.

    Args:
        arguments: what is typed after ``sgutils``.
        folder: an empty one, for what it writes to its two outputs.
        before: called in the process first.
    """

    def __init__(self, arguments, folder, before=None):
        folder.mkdir()
        self.said = [folder / "stdout", folder / "stderr"]
        self.process = context().Process(target=_typed, args=(arguments, self.said, before))
        self.process.start()

    def done(self):
        """Its exit status and its two outputs, once it has ended."""
        self.process.join()
        stdout, stderr = (path.read_text() for path in self.said)
        return SimpleNamespace(returncode=self.process.exitcode, stdout=stdout, stderr=stderr)


def _typed(arguments, said, before):
    from sgutils.cli import main

    for number, path in enumerate(said, start=1):
        with path.open("wb") as file:
            os.dup2(file.fileno(), number)
    if before is not None:
        before()
    sys.exit(main(arguments))
