import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import sgutils as sg

DEPTHS = {20: 9, 32: 15, 50: 24, 56: 27, 110: 36}


def tiny(depth=20, block=None, seed=0):
    """A narrow network whose batch norms are not at their trivial start."""
    torch.manual_seed(seed)
    net = sg.resnet(depth, num_classes=4, in_channels=2, widths=(4, 6, 8), block=block)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.2)
            nn.init.normal_(module.running_mean, std=0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return net.double().eval()


def images(n=3, seed=1):
    return torch.randn(n, 2, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def by_hand(net, x, gates):
    """Eq. 4 written with functions only, from the state dict: an independent composition of the same network."""
    state = net.state_dict()

    def conv_norm(h, name, index, stride):
        weight = state[f"{name}.{index}.weight"]
        h = F.conv2d(h, weight, stride=stride, padding=weight.shape[-1] // 2)
        norm = f"{name}.{index + 1}."
        scale = state[norm + "weight"] / (state[norm + "running_var"] + 1e-5).sqrt()
        shift = state[norm + "bias"] - state[norm + "running_mean"] * scale
        return h * scale[:, None, None] + shift[:, None, None]

    h = conv_norm(x, "stem", 0, 1).clamp(min=0)
    count = net.num_blocks
    for block, gate in enumerate(gates):
        name = f"blocks.{block}.branch"
        indices = sorted({int(key.split(".")[3]) for key in state if key.startswith(name) and state[key].ndim == 4})
        stride = 2 if block in (count // 3, 2 * count // 3) else 1
        strided = 0 if len(indices) == 2 else 1  # which convolution of the branch halves the image
        residual = h
        for position, index in enumerate(indices):
            residual = conv_norm(residual, name, index, stride if position == strided else 1)
            if position < len(indices) - 1:
                residual = residual.clamp(min=0)
        shortcut = f"blocks.{block}.shortcut"
        bypass = conv_norm(h, shortcut, 0, stride) if shortcut + ".0.weight" in state else h
        h = (gate * residual + bypass).clamp(min=0)
    return h.mean((2, 3)) @ state["classifier.weight"].T + state["classifier.bias"]


@pytest.mark.parametrize(("depth", "blocks"), DEPTHS.items())
def test_number_of_blocks(depth, blocks):
    assert sg.resnet(depth).num_blocks == blocks == getattr(sg, f"resnet{depth}")().num_blocks


@pytest.mark.parametrize(
    ("make", "ten", "hundred"),
    [
        (sg.resnet32, 466_906, 472_756),
        (sg.resnet50, 758_554, 764_404),
        (sg.resnet110, 1_147_738, 1_170_868),
    ],
)
def test_parameter_counts_of_the_paper(make, ten, hundred):
    for classes, count in ((10, ten), (100, hundred)):
        assert sum(p.numel() for p in make(num_classes=classes).parameters()) == count


@pytest.mark.parametrize(("depth", "block"), [(20, "basic"), (20, "bottleneck")])
def test_student_teacher_and_plain_equal_an_independent_composition(depth, block):
    net, x = tiny(depth, block), images()
    p = sg.linear_decay(net.num_blocks, 0.3)
    b = sg.sample_gates(p, generator=torch.Generator().manual_seed(3))
    for gates in (p, b, torch.ones(net.num_blocks), torch.zeros(net.num_blocks)):
        torch.testing.assert_close(net(x, gates), by_hand(net, x, gates.double()))
    torch.testing.assert_close(net(x), by_hand(net, x, [1.0] * net.num_blocks))


def test_a_gate_of_zero_runs_nothing_of_that_block():
    net, x = tiny(), images()
    calls = []
    for index, block in enumerate(net.blocks):
        for module in block.branch.modules():
            module.register_forward_hook(lambda *_, index=index: calls.append(index))
    gates = [1, 0, 0.5, 0, 1, 0, 1, 1, 0]
    net(x, gates)
    assert set(calls) == {0, 2, 4, 6, 7}


def test_a_skipped_block_that_changes_shape_keeps_its_shortcut_and_its_relu():
    net, x = tiny(), images()
    h = net.stem(x)
    downsampling = net.blocks[3]
    h = net.blocks[2](net.blocks[1](net.blocks[0](h)))
    torch.testing.assert_close(downsampling(h, 0.0), downsampling.shortcut(h).clamp(min=0))
    assert (downsampling.shortcut(h) < 0).any()


def test_a_skipped_identity_block_returns_its_very_input():
    block = tiny().blocks[0]
    h = torch.rand(2, 4, 8, 8, dtype=torch.float64)
    assert block(h, 0.0) is h


def test_gates_may_be_a_list_a_tuple_or_a_tensor():
    net, x, gates = tiny(), images(), [1, 0, 0.5, 1, 1, 0, 1, 1, 1]
    reference = net(x, gates)
    assert torch.equal(net(x, tuple(gates)), reference)
    assert torch.equal(net(x, torch.tensor(gates)), reference)
    assert torch.equal(net(x, torch.tensor(gates, dtype=torch.float64, requires_grad=True)), reference)


def test_features_are_what_the_classifier_sees():
    net, x = tiny(), images()
    gates = sg.linear_decay(9)
    assert net.features(x, gates).shape == (3, 8)
    torch.testing.assert_close(net.classifier(net.features(x, gates)), net(x, gates))


def test_images_of_any_size():
    net = tiny()
    for side in (8, 14, 32, 48):
        assert net(torch.zeros(1, 2, side, side, dtype=torch.float64)).shape == (1, 4)


@pytest.mark.parametrize("block", ["basic", "bottleneck"])
def test_folding_gives_an_ordinary_network_with_the_same_output(block):
    net, x = tiny(20, block), images()
    p = sg.linear_decay(net.num_blocks, 0.2)
    before = copy.deepcopy(net.state_dict())
    plain = sg.fold_gates(net, p)
    torch.testing.assert_close(plain(x), net(x, gates=p))
    assert not torch.allclose(plain(x), net(x))
    assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())


def test_keeping_the_running_statistics_changes_nothing_else():
    kept, moved = tiny().train(), tiny().train()
    x = images(8)
    before = copy.deepcopy(kept.state_dict())
    with sg.keep_running_statistics(kept):
        output = kept(x)
    torch.testing.assert_close(output, moved(x))
    assert all(torch.equal(before[key], value) for key, value in kept.state_dict().items())
    assert any(not torch.equal(before[key], value) for key, value in moved.state_dict().items())
    kept(x)
    assert not torch.equal(before["stem.1.running_mean"], kept.state_dict()["stem.1.running_mean"])


def test_recalibration_measures_the_statistics_of_the_chosen_sub_network():
    net, batches = tiny(), [images(8, seed) for seed in range(3)]
    gates = sg.linear_decay(9)
    sg.recalibrate_batch_norm(net, gates, batches)
    stem = torch.stack([net.stem[0](x).mean((0, 2, 3)) for x in batches]).mean(0)
    torch.testing.assert_close(net.stem[1].running_mean, stem)
    assert not net.training and net.stem[1].momentum == 0.1


def test_mean_share_of_multiply_adds_of_a_student():
    """METHOD: 0.737 / 0.741 / 0.751 of the full pass, counted here from the convolutions that really exist."""
    for depth, share in ((32, 0.737), (50, 0.741), (110, 0.751)):
        net = sg.resnet(depth).eval()
        counts = {}

        def count(module, inputs, output, name):
            counts[name] = (
                output.numel() * module.weight[0].numel() if module.weight.ndim == 4 else module.weight.numel()
            )

        for name, module in net.named_modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                module.register_forward_hook(lambda m, i, o, name=name: count(m, i, o, name))
        with torch.no_grad():
            net(torch.zeros(1, 3, 32, 32))
        p = sg.linear_decay(net.num_blocks)
        survive = {f"blocks.{l}.branch": p[l].item() for l in range(net.num_blocks)}
        student = sum(n * survive.get(name.rsplit(".", 1)[0], 1.0) for name, n in counts.items())
        assert student / sum(counts.values()) == pytest.approx(share, abs=6e-4)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: tiny()(images(), gates=[1, 1]), "9 numbers.*not 2"),
        (lambda: tiny()(images(), gates=[1] * 10), "9 numbers.*not 10"),
        (lambda: tiny()(images(), gates=[1] * 8 + [float("nan")]), "finite"),
        (lambda: tiny()(images(), gates=0.5), "9 numbers.*0.5"),
        (lambda: tiny()(images(), gates="111111111x"), "9 numbers"),
        (lambda: tiny()(images(), gates=torch.ones(3, 3)), "9 numbers"),
        (
            lambda: tiny()(images()[0]),
            r"takes images \(N, 2, H, W\) of floating-point numbers, not torch.float64 of shape",
        ),
        (lambda: tiny()(images()[:, :1]), r"\(N, 2, H, W\)"),
        (lambda: tiny()(images().to(torch.uint8)), "not torch.uint8"),
        (lambda: tiny()(images().numpy()), r"\(N, 2, H, W\)"),
        (lambda: sg.resnet(33), r"6n \+ 2.*33"),
        (lambda: sg.resnet(2), r"6n \+ 2"),
        (lambda: sg.resnet(32, block="bottleneck"), r"9n \+ 2"),
        (lambda: sg.resnet(32, block="inverted"), "basic, bottleneck.*inverted"),
        (lambda: sg.resnet(32, num_classes=0), "num_classes.*0"),
        (lambda: sg.resnet(32, widths=(16, 32)), "three numbers"),
        (lambda: sg.fold_gates(tiny(), [0.5] * 3), "9 survival probabilities.*3"),
        (lambda: sg.fold_gates(tiny(), [1.5] * 9), "block 1.*1.5"),
    ],
)
def test_bad_input_is_one_sentence(call, words):
    with pytest.raises(sg.InputError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)
