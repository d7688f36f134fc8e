"""Several processes that train one network, started by torchrun: which one this is, and its share of the work.

Every process draws the same order, augmentation and gates, and takes every n-th image of a mini-batch: what is trained
does not depend on how many there are, but for batch norm, whose statistics are of a process's own images.
"""

import os
import platform
from collections.abc import Callable

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from ..errors import InputError


def rank() -> int:
    """Which process this is, from 0; 0 alone writes and speaks."""
    return int(os.environ.get("RANK", "0"))


def world_size() -> int:
    """How many processes there are; 1 without torchrun."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def own_device() -> torch.device:
    """This process's GPU, or the CPU where there is none."""
    return (
        torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        if torch.cuda.is_available()
        else torch.device("cpu")
    )


def setup() -> None:
    """Join the process group, if there are several processes and it has not been done.

    Raises:
        InputError: if this machine has GPUs, but not one for each of its processes, or torchrun did not start them.
    """
    if world_size() == 1 or dist.is_initialized():
        return
    gpus, processes = torch.cuda.device_count(), int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    if 0 < gpus < processes:
        raise InputError(f"torchrun started {processes} processes on a machine with {gpus} GPUs: start one per GPU.")
    if missing := [name for name in ("RANK", "MASTER_ADDR", "MASTER_PORT") if name not in os.environ]:
        raise InputError(
            f"WORLD_SIZE says that there are {world_size()} processes, and {missing[0]} is not set: start with torchrun, or unset WORLD_SIZE."
        )
    if gpus:
        torch.cuda.set_device(own_device())
    dist.init_process_group("cpu:gloo,cuda:nccl" if gpus else "gloo")


def cleanup() -> None:
    """Leave the process group, if there is one."""
    if dist.is_initialized():
        dist.destroy_process_group()


def shard(batch: Tensor) -> Tensor:
    """The images of a mini-batch, or their labels, that are this process's to train on."""
    return batch[rank() :: world_size()]


def wrap(method: nn.Module, find_unused_parameters: bool) -> nn.Module:
    """What is called instead of the method, so that gradients come out as the mean over all processes."""
    if world_size() == 1:
        return method
    # Running statistics differ until `sync_buffers`: no training pass reads them, and a broadcast before each would
    # be time lost.
    return DistributedDataParallel(method, find_unused_parameters=find_unused_parameters, broadcast_buffers=False)


def all_reduce_sum(value: Tensor) -> Tensor:
    """The sum of the values of all processes, in each of them."""
    if world_size() > 1:
        dist.all_reduce(value)
    return value


def all_reduce_min(value: Tensor) -> Tensor:
    """The smallest of the values of all processes, in each of them."""
    if world_size() > 1:
        dist.all_reduce(value, dist.ReduceOp.MIN)
    return value


def sync_buffers(method: nn.Module) -> None:
    """Make the first process's running statistics everybody's: they are what is tested and kept."""
    if world_size() > 1:
        for buffer in method.buffers():
            dist.broadcast(buffer, 0)


def broadcast_flag(choice: bool, device: torch.device) -> bool:
    """What the first process chose, so that all take the same way."""
    if world_size() == 1:
        return choice
    flag = torch.tensor(int(choice), device=device)
    dist.broadcast(flag, 0)
    return bool(flag)


def on_rank_zero(do: Callable[[], None], device: torch.device) -> None:
    """Let the first process do something for all; where it cannot, all of them end, rather than wait for it.

    Raises:
        InputError: in the first process its own, in the others one that says where to look.
    """
    refusal = None
    if rank() == 0:
        try:
            do()
        except InputError as error:
            refusal = error
    if broadcast_flag(refusal is not None, device):
        raise refusal or InputError("The first process could not write: it says why.")


def device_name(device: torch.device) -> str:
    """A device in words, with how many processes share the work."""
    processes = f", {world_size()} processes" if world_size() > 1 else ""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device) + processes
    threads = torch.get_num_threads()
    return f"{platform.machine()} CPU, {threads} thread{'' if threads == 1 else 's'}" + processes
