"""A torch DataLoader, a network of somebody else's, another optimizer and schedule: the trainer takes them as they are."""

import math

import pytest
import torch
import torchvision
from torch.utils.data import DataLoader, TensorDataset

import sgutils as sg


def loader(n, seed, shuffle):
    """Pictures of two classes: dark above, or dark below."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % 2
    x = torch.randn(n, 3, 32, 32, generator=generator)
    x[y == 0, :, :16] -= 1.0
    x[y == 1, :, 16:] -= 1.0
    order = torch.Generator().manual_seed(0)
    return DataLoader(TensorDataset(x, y), batch_size=16, shuffle=shuffle, generator=order)


def test_self_guidance_on_torchvisions_network_and_torchs_loader_by_adamw_and_cosine_with_warm_up():
    torch.manual_seed(0)
    net = sg.gated(torchvision.models.resnet18(num_classes=2))
    method = sg.SelfGuidance(net, lam=0.25, tau=3.0)
    trainer = sg.Trainer(
        method,
        train=loader(64, 0, True),
        test=loader(32, 1, False),
        epochs=6,
        optimizer=lambda parameters: torch.optim.AdamW(parameters, lr=1e-3, weight_decay=0.05),
        schedule="cosine",
        warmup_epochs=2,
        device="cpu",
    )
    history = list(trainer)
    # Half a cosine over all epochs, times thirds that rise to 1.
    expected = [1e-3 * min(1, (k + 1) / 3) * (1 + math.cos(math.pi * k / 6)) / 2 for k in range(6)]
    assert torch.allclose(torch.tensor([epoch.lr for epoch in history]), torch.tensor(expected))
    assert history[-1].train["total"] < history[0].train["total"]
    assert history[-1].test_error <= 0.1
    assert isinstance(trainer.optimizer, torch.optim.AdamW)
    deployed = method.deployed_network().eval()
    method.eval()
    x, _ = next(iter(loader(32, 1, False)))
    with torch.no_grad():
        torch.testing.assert_close(deployed(x), method.predict(x), atol=1e-4, rtol=1e-4)


def test_an_optimizer_that_is_there_already_is_taken():
    method = sg.Baseline(sg.resnet(8, num_classes=2))
    optimizer = torch.optim.Adam(method.parameters(), lr=1e-2)
    (epoch,) = sg.Trainer(method, train=loader(32, 0, True), epochs=1, optimizer=optimizer, device="cpu")
    assert epoch.lr == 1e-2 and epoch.test_error is None and optimizer.state


def test_an_optimizer_of_another_network_is_refused():
    method, other = (sg.Baseline(sg.resnet(8, num_classes=2)) for _ in range(2))
    of_others = torch.optim.SGD(other.parameters(), lr=0.1)
    for optimizer in (of_others, lambda parameters: of_others):
        with pytest.raises(sg.InputError, match="optimizer has none of the method's trainable parameters"):
            sg.Trainer(method, train=loader(32, 0, True), epochs=1, optimizer=optimizer, device="cpu")


def test_an_optimizer_of_some_of_the_parameters_is_taken():
    method = sg.Baseline(sg.resnet(8, num_classes=2))
    before = {name: value.clone() for name, value in method.net.named_parameters()}
    optimizer = torch.optim.SGD(method.net.classifier.parameters(), lr=0.1)
    list(sg.Trainer(method, train=loader(32, 0, True), epochs=1, optimizer=optimizer, device="cpu"))
    moved = {name for name, value in method.net.named_parameters() if not torch.equal(value, before[name])}
    assert moved == {"classifier.weight", "classifier.bias"}


def test_a_loader_that_yields_nothing_to_test_on_is_one_sentence():
    nothing = DataLoader(TensorDataset(torch.zeros(0, 3, 32, 32), torch.zeros(0, dtype=torch.long)), batch_size=16)
    trainer = sg.Trainer(sg.Baseline(sg.resnet(8, num_classes=2)), train=loader(32, 0, True), epochs=1, device="cpu")
    with pytest.raises(sg.InputError, match="yields no image"):
        trainer.error(nothing)


def test_images_of_two_sizes_are_one_sentence():
    two = [(torch.zeros(1, side, side), 0) for side in (8, 9)]
    trainer = sg.Trainer(sg.Baseline(sg.resnet20(10, 1)), DataLoader(two, batch_size=2), epochs=1, device="cpu")
    with pytest.raises(sg.InputError, match="The training loader cannot make a mini-batch: stack expects each tensor"):
        list(trainer)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda z: z.long(), "not torch.int64 of shape .2, 10."),
        (lambda z: z[0], "not torch.float32 of shape .10,."),
        (lambda z: (z, z), "logits must be floating-point numbers of shape .N, K., not"),
    ],
)
def test_logits_that_are_none_are_one_sentence(change, words):
    class Returns(torch.nn.Linear):
        def forward(self, x):
            return change(super().forward(x.flatten(1)))

    pairs = [(torch.zeros(1, 8, 8), 0)] * 2
    trainer = sg.Trainer(sg.Baseline(Returns(64, 10)), DataLoader(pairs, batch_size=2), epochs=1, device="cpu")
    with pytest.raises(sg.InputError, match=words):
        list(trainer)
