"""What the package promises its users, as they would type it: names that stay, arguments that stay, numbers that agree."""

import math

import pytest
import torch
import torchvision

import sgutils as sg


def images(n=4, side=32, classes=10):
    draw = torch.Generator().manual_seed(0)
    return torch.randn(n, 3, side, side, generator=draw), torch.randint(classes, (n,), generator=draw)


def test_networks_by_name_are_functions_of_an_input_and_gates():
    net = sg.resnet32(num_classes=10)
    x, _ = images()
    assert net.num_blocks == 15 and isinstance(net, sg.GatedNetwork)
    assert torch.equal(net.eval()(x), net(x, gates=[1.0] * 15))
    assert net(x, gates=[1, 0, 0.5, *[1] * 12]).shape == (4, 10) and net.features(x, gates=None).shape == (4, 64)
    assert {name: getattr(sg, name)().num_blocks for name in ("resnet20", "resnet50", "resnet56", "resnet110")} == {
        "resnet20": 9,
        "resnet50": 24,
        "resnet56": 27,
        "resnet110": 36,
    }
    assert sg.resnet(20, num_classes=7)(x).shape == (4, 7)


def test_anybodys_network_gets_gates():
    x, _ = images()
    model = torchvision.models.resnet18(num_classes=10).eval()
    plain = model(x)
    net = sg.gated(model)
    assert net.num_blocks == 8 and torch.equal(net(x), plain)
    p = sg.linear_decay(net.num_blocks, p_last=0.5)
    folded = net.fold(p).eval()
    torch.testing.assert_close(folded(x), net(x, gates=p), rtol=1e-4, atol=1e-4)

    encoder = torch.nn.TransformerEncoder(torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 3)
    own = torch.nn.Sequential(
        torch.nn.Flatten(2), torch.nn.Linear(16, 8), encoder, torch.nn.Flatten(), torch.nn.Linear(24, 5)
    )
    by_blocks = sg.gated(own, blocks="2.layers.*")
    assert by_blocks.num_blocks == 3 and by_blocks(torch.randn(2, 3, 4, 4), gates=[1, 0, 0.5]).shape == (2, 5)
    with pytest.warns(UserWarning, match="only multiplied"):
        by_branches = sg.gated(torchvision.models.resnet18(num_classes=10), branches="layer*.*.bn2")
    assert by_branches.num_blocks == 8


def test_gates_and_losses_have_the_promised_shapes_and_values():
    p = sg.linear_decay(4, p_last=0.5)
    assert p.tolist() == [0.875, 0.75, 0.625, 0.5] and sg.expected_depth(p) == 2.75
    b = sg.sample_gates(p, generator=torch.Generator().manual_seed(0))
    assert b.shape == (4,) and set(b.tolist()) <= {0.0, 1.0}
    z, y = torch.randn(2, 6, 10), torch.arange(6)
    loss = sg.self_guidance_loss(z[0], z[1], y, lam=0.25, tau=3.0, detach_teacher=True)
    kl = sg.distillation_kl(z[0], z[1], 3.0)
    teacher, student = torch.softmax(z[1] / 3, -1), torch.softmax(z[0] / 3, -1)
    assert float(kl) == pytest.approx(float((teacher * (teacher / student).log()).sum() / 6), rel=1e-4)
    assert float(loss.total) == pytest.approx(
        float(loss.ce_student + loss.ce_teacher + 0.25 * 9 * loss.distill), rel=1e-5
    )
    assert all(term.ndim == 0 for term in loss)


def test_a_method_trains_in_anybodys_loop_and_in_the_trainer():
    data = sg.load_dataset("digits", train_examples=64, test_examples=20)
    train, test = sg.loaders(data, batch_size=32, device="cpu")
    net = sg.resnet20(in_channels=1)
    method = sg.SelfGuidance(net, lam=0.25, tau=3.0)
    optimizer = torch.optim.AdamW(method.parameters())
    for x, y in train:
        optimizer.zero_grad()
        method(x, y)["total"].backward()
        optimizer.step()
    epochs = list(
        sg.Trainer(
            method,
            train=train,
            test=test,
            epochs=2,
            optimizer=torch.optim.AdamW(method.parameters(), lr=1e-3),
            schedule="cosine",
            device="cpu",
        )
    )
    assert [epoch.lr for epoch in epochs] == pytest.approx([1e-3, 5e-4]) and math.isfinite(epochs[-1].train["total"])
    plain = sg.fold_gates(net, sg.linear_decay(net.num_blocks)).eval()
    x, _ = next(iter(test))
    torch.testing.assert_close(plain(x), method.eval().predict(x), rtol=1e-4, atol=1e-4)


def test_a_torch_data_loader_is_trained_on_with_any_network():
    x, y = images(12, side=16)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=4)
    method = sg.SelfGuidance(sg.gated(torchvision.models.resnet18(num_classes=10)))
    trainer = sg.Trainer(method, loader, loader, epochs=2, lr=0.01, schedule="cosine", warmup_epochs=1, device="cpu")
    epochs = list(trainer)
    assert len(epochs) == 2 and all(0 <= epoch.test_error <= 1 for epoch in epochs)
    assert [epoch.lr for epoch in epochs] == pytest.approx([0.005, 0.005])
