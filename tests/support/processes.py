"""Functions in several processes, as torchrun would start them."""

import os
import socket

import torch
import torch.multiprocessing as multiprocessing


def _start(rank, count, port, function, arguments, out):
    os.environ.update(RANK=str(rank), WORLD_SIZE=str(count), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    torch.save(function(*arguments), out / f"{rank}.pt")


def in_processes(count, function, *arguments, out):
    """What a function returns in each of this many processes that torchrun might have started."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["sgutils.training.runs", "sklearn.datasets", "torch.utils.tensorboard", "torch._dynamo"]
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    out.mkdir()
    processes = [context.Process(target=_start, args=(r, count, port, function, arguments, out)) for r in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        process.kill()
    assert [process.exitcode for process in processes] == [0] * count
    return [torch.load(out / f"{rank}.pt", weights_only=False) for rank in range(count)]
