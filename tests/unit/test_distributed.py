"""Training in several processes (gloo, on the CPU), as torchrun starts them."""

import copy
import json
import os
import resource
import subprocess
import sys

import pytest
import torch
from support.processes import in_processes
from support.simple import Linear, digits

import sgutils as sg
from sgutils.training.distributed import world_size
from sgutils.training.runs import resume

SMALL = {
    "dataset": "digits",
    "model": "resnet20",
    "train_examples": 96,
    "test_examples": 51,
    "epochs": 2,
    "batch_size": 32,
}


def train_linear(batch_size):
    method = Linear()
    history = list(
        sg.Trainer(
            method,
            *sg.loaders(digits(), batch_size=batch_size, device="cpu", processes=world_size()),
            epochs=2,
            device="cpu",
        )
    )
    return method.state_dict(), [(epoch.train, epoch.test_error) for epoch in history], method.seen


@pytest.mark.parametrize(("count", "batch_size"), [(2, 32), (3, 50)])  # 50 and 46 images are not a multiple of 3
def test_several_processes_train_as_one_does(count, batch_size, tmp_path):
    weights, history, whole = train_linear(batch_size)
    results = in_processes(count, train_linear, batch_size, out=tmp_path / "out")
    for their_weights, their_history, _ in results:
        for key, value in weights.items():
            torch.testing.assert_close(their_weights[key], value, atol=1e-6, rtol=1e-5)
        for (train, test), (their_train, their_test) in zip(history, their_history, strict=True):
            assert their_train == pytest.approx(train, abs=1e-5) and their_test == test
    # Without overlap: the shares of a step are the images that one process sees in it.
    for step, images in enumerate(whole):
        shares = torch.cat([seen[step] for _, _, seen in results])
        rows = lambda x: sorted(image.numpy().tobytes() for image in x)
        assert rows(shares) == rows(images)


def build(name):
    torch.manual_seed(0)

    def network():
        return sg.resnet(20, num_classes=10, in_channels=1, widths=(4, 6, 8))

    return sg.build_method(name, network, seed=7, **({"teacher": network()} if name == "distillation" else {}))


def two_steps(name):
    method = build(name)
    epochs = iter(
        sg.Trainer(
            method,
            *sg.loaders(digits(32), batch_size=32, augment=False, device="cpu", processes=world_size()),
            epochs=2,
            lr=0.1,
            device="cpu",
        )
    )
    next(epochs)
    first = {key: value.detach().clone() for key, value in method.named_parameters()}
    next(epochs)  # fails where a parameter got no gradient in the first, unless the method says that it may
    return first


@pytest.mark.parametrize("name", sg.METHODS)
def test_gradients_are_the_mean_over_processes_that_drew_the_same_students(name, tmp_path):
    dataset, method = digits(32), build(name)
    order = torch.randperm(32, generator=torch.Generator().manual_seed(0))
    x, y = dataset.normalizer()(dataset.train_x)[order], dataset.train_y[order]
    twin = copy.deepcopy(method)  # draws what the first draws
    for part in (method, twin):
        part.train()
        part.on_epoch_start(0, 1)
    loss = (method(x[0::2], y[0::2])["total"], twin(x[1::2], y[1::2])["total"])
    for total in loss:
        total.backward()
    expected = {}
    for (key, one), two in zip(method.named_parameters(), twin.parameters(), strict=True):
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in (one, two)]
        decayed = sum(gradients) / 2 + 1e-4 * one.detach()
        expected[key] = one.detach() - 0.1 * 1.9 * decayed if one.requires_grad else one.detach()
    for weights in in_processes(2, two_steps, name, out=tmp_path / "out"):
        for key, value in expected.items():
            torch.testing.assert_close(weights[key], value, atol=2e-6, rtol=1e-4)


def start_a_run(folder):
    return sg.train(sg.Config(**SMALL), folder, deadline=0.0, quiet=True).status


def finish_a_run(folder):
    return resume(folder, quiet=True).status


@pytest.mark.parametrize(("first", "then"), [(2, 1), (1, 2)])
def test_a_run_goes_on_in_another_number_of_processes_and_the_first_alone_writes(first, then, tmp_path):
    assert in_processes(first, start_a_run, tmp_path / "run", out=tmp_path / "a") == ["stopped"] * first
    assert in_processes(then, finish_a_run, tmp_path / "run", out=tmp_path / "b") == ["finished"] * then
    record = json.loads((tmp_path / "run" / "result.json").read_text())
    assert len(record["curves"]["test_error"]) == 2
    assert ["2 processes" in device for device in record["device"].split(", then ")] == [first == 2, then == 2]
    assert len((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()) == 2


def refused(folder):
    try:
        sg.train(sg.Config(**SMALL), folder, quiet=True)
    except sg.InputError as error:
        return str(error)


def refused_in_the_middle(folder):
    if os.environ["RANK"] == "0":  # a disk that takes the first checkpoint, and not the next with its momentum
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, resource.RLIM_INFINITY))
    return refused(folder)


def test_where_the_first_cannot_write_all_end_in_a_sentence(tmp_path):
    assert in_processes(2, start_a_run, tmp_path / "run", out=tmp_path / "a") == ["stopped"] * 2
    first, other = in_processes(2, refused, tmp_path / "run", out=tmp_path / "b")
    assert "already holds a run" in first and "torchrun --nproc-per-node 2 -m sgutils resume" in first
    assert other.startswith("The first process could not write")
    first, other = in_processes(2, refused_in_the_middle, tmp_path / "full", out=tmp_path / "c")
    assert "checkpoint.pt (File too large)" in first and f"resume {tmp_path / 'full'}" in first
    assert other.startswith("The first process could not write")


def test_torchrun_trains(tmp_path):
    """The command of the README, small."""
    small = (
        "--dataset digits --model resnet20 --train-examples 96 --test-examples 50 --epochs 1 --batch-size 32".split()
    )
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        "-m",
        "sgutils",
        "train",
    ]
    done = subprocess.run(
        [*command, *small, "--out", str(tmp_path / "run")],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Test error") == 1
    assert "unused parameters" not in done.stderr, "the default method has none, and nothing looks for them"
    assert "2 processes" in json.loads((tmp_path / "run" / "result.json").read_text())["device"]


def test_too_small_a_batch_is_one_sentence(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "4")
    with pytest.raises(sg.InputError, match="batch_size 7 .*two images for each of 4 processes"):
        sg.Trainer(Linear(), *sg.loaders(digits(), batch_size=7, device="cpu", processes=4), epochs=1, device="cpu")


def test_more_processes_than_gpus_is_one_sentence(monkeypatch):
    for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"):
        monkeypatch.setenv(name, "4")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(sg.InputError, match="4 processes on a machine with 2 GPUs: start one per GPU"):
        sg.Trainer(Linear(), *sg.loaders(digits(), batch_size=32), epochs=1)


def test_reproduce_under_torchrun_is_one_sentence(monkeypatch, tmp_path):
    from sgutils.results.reproduce import reproduce

    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(sg.InputError, match="without torchrun"):
        reproduce("table1", seeds=1, ledger=tmp_path, work=tmp_path)


class OneSidedNaN(Linear):
    """Goes wrong in the second step, and in the second process alone."""

    def forward(self, x, y):
        losses = super().forward(x, y)
        broken = len(self.seen) == 2 and os.environ["RANK"] == "1"
        return losses | {"total": losses["total"] * (float("nan") if broken else 1.0)}


def divergence():
    try:
        list(sg.Trainer(OneSidedNaN(), *sg.loaders(digits(), batch_size=32, device="cpu"), epochs=1, device="cpu"))
    except sg.training.Diverged as error:
        return str(error)


def test_a_divergence_that_one_process_sees_ends_them_all_in_one_sentence(tmp_path):
    sentence = "The loss became NaN or infinite in epoch 1, step 2, at learning rate 0.1."
    assert in_processes(2, divergence, out=tmp_path / "a") == [sentence, sentence]
