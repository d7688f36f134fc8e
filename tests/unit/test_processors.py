"""Processors that are not like this one: without AVX-512, and without bfloat16."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import sgutils as sg
from sgutils.networks.strided import SlicedConv2d, slice_narrow_convolutions

ROOT = Path(__file__).resolve().parents[2]

# Prints "done" unless oneDNN corrupts the heap on the way. It does so within a few steps where it is let to.
TRAIN = """
import torch
from torch import nn
import sgutils as sg

class Narrow(nn.Module):
    # Somebody's network: a strided shortcut of {channels} channels, then a block that keeps its shape.
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d({channels}, 8, 1, stride=2, bias=False)
        self.block = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.block(self.first(x)).mean(dim=(2, 3)))

torch.manual_seed(0)
for net, channels in (
    (sg.ResNet(1, 3, 1, ({channels}, 6, 8), "basic"), 1),
    (sg.gated(Narrow(), blocks="block"), {channels}),
):
    x, y = torch.randn(32, channels, 8, 8), torch.randint(3, (32,))
    batches = [(x.contiguous(memory_format=torch.channels_last), y)] * 20
    for epoch in sg.Trainer(sg.SelfGuidance(net), batches, epochs=2, device="cpu"):
        assert epoch.train["total"] > 0
print("done")
"""


@pytest.mark.tried(
    "Networks of widths at which a library overwrites memory on processors without AVX-512", "They train."
)
def test_narrow_networks_train_where_there_is_avx2_and_no_avx512():
    environment = {**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2", "OMP_NUM_THREADS": "1"}
    code = TRAIN.replace("{channels}", "4")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.stdout == "done\n", f"ended with {done.returncode}: {done.stderr[-2000:]}"


@pytest.mark.parametrize("stride", [2, (1, 2), 3])
@pytest.mark.parametrize("bias", [True, False])
def test_a_sliced_convolution_is_the_strided_one_with_the_same_weights(stride, bias):
    conv = nn.Conv2d(5, 8, 1, stride=stride, bias=bias)
    net = nn.Sequential(conv)
    x = torch.randn(2, 5, 7, 9, requires_grad=True)
    expected = net(x)
    expected.square().sum().backward()
    gradients = [x.grad, *(p.grad for p in net.parameters())]
    x.grad = None
    net.zero_grad()
    assert slice_narrow_convolutions(net) is net and type(net[0]) is SlicedConv2d and net[0] is conv
    sliced = net(x)
    sliced.square().sum().backward()
    torch.testing.assert_close(sliced, expected)
    for found, wanted in zip([x.grad, *(p.grad for p in net.parameters())], gradients, strict=True):
        torch.testing.assert_close(found, wanted)


def test_what_is_wide_is_left_alone():
    convolutions = [
        nn.Conv2d(8, 16, 1, stride=2),
        nn.Conv2d(4, 8, 1),
        nn.Conv2d(4, 8, 3, stride=2, padding=1),
        nn.Conv2d(1, 8, 1, stride=2),
        nn.Conv2d(4, 8, 1, stride=2, padding=1),
    ]
    slice_narrow_convolutions(nn.Sequential(*convolutions))
    assert {type(conv) for conv in convolutions} == {nn.Conv2d}
    assert SlicedConv2d not in map(type, sg.resnet20().modules())


@pytest.mark.parametrize("has_it", [True, False])
def test_bfloat16_on_a_processor_without_it_is_float32_and_says_so(has_it, monkeypatch, recwarn):
    monkeypatch.setattr("sgutils.training.precision._processor_has_bfloat16", lambda: has_it)
    batches = [(torch.randn(4, 1, 8, 8), torch.zeros(4, dtype=torch.long))]
    method = sg.Baseline(sg.ResNet(1, 2, 1, (8, 8, 8), "basic"))
    made = sg.Trainer(method, batches, epochs=1, precision="bfloat16", device="cpu")
    assert made.precision == ("bfloat16" if has_it else "float32")
    assert any("no bfloat16 of its own" in str(warning.message) for warning in recwarn) == (not has_it)
