"""A run that is killed at random moments, again and again, ends like one that nothing ever touched."""

import json
import os
import random
import signal

import pytest
import torch
from support.processes import context

import sgutils as sg
from sgutils.training.runs import CHECKPOINT, resume, train

KILLS = 20
CONFIG = {
    "dataset": "digits",
    "model": "resnet20",
    "train_examples": 128,
    "test_examples": 50,
    "epochs": 6,
    "batch_size": 64,
}


def work(folder):
    """What a person does: start the run, or go on with it."""
    if (folder / CHECKPOINT).exists():
        resume(folder, quiet=True)
    else:
        train(sg.Config(**CONFIG), folder, quiet=True)


def final_state(folder):
    state = torch.load(folder / CHECKPOINT, weights_only=True)["trainer"]
    network = torch.load(folder / "network.pt", weights_only=True)["weights"]
    history = [{key: value for key, value in epoch.items() if key != "seconds"} for epoch in state.pop("history")]
    return history, list(torch.utils._pytree.tree_leaves([state, network]))


@pytest.mark.tried(
    "A training run, killed at a random moment",
    "It goes on, and ends bit for bit like one that nothing ever touched.",
    times=KILLS,
)
def test_twenty_kills_lose_nothing(tmp_path):
    def run_for(folder, seconds):
        process = context().Process(target=work, args=(folder,))
        process.start()
        process.join(seconds)
        if process.is_alive():  # it may still end by itself before the signal comes
            os.kill(process.pid, signal.SIGKILL)
            process.join()
        assert process.exitcode in (0, -signal.SIGKILL)
        return process.exitcode != 0

    undisturbed = tmp_path / "undisturbed"
    assert not run_for(undisturbed, None)
    expected_history, expected = final_state(undisturbed)
    seconds = sum(json.loads(line)["seconds"] for line in (undisturbed / "metrics.jsonl").read_text().splitlines())
    draw, kills, runs = random.Random(0), 0, 0
    while kills < KILLS:
        folder = tmp_path / f"killed-{runs}"
        while run_for(folder, draw.uniform(0, seconds) if kills < KILLS else None):
            kills += 1
        runs += 1
        history, found = final_state(folder)
        assert history == expected_history
        for one, other in zip(found, expected, strict=True):
            assert torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other
