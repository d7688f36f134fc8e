import itertools

import pytest
import torch
from support.simple import Linear, digits

import sgutils as sg
from sgutils.training.trainer import learning_rate


def test_the_learning_rate_falls_at_half_and_at_three_quarters():
    rates = [learning_rate(index, 300, 0.1) for index in range(300)]
    assert rates[149] == 0.1 and rates[150] == pytest.approx(0.01)
    assert rates[224] == pytest.approx(0.01) and rates[225] == pytest.approx(0.001)


def test_one_step_is_nesterov_sgd_written_by_hand():
    dataset = digits(64)
    method = Linear()
    w, b = (p.detach().clone().double() for p in (method.layer.weight, method.layer.bias))
    epochs = sg.Trainer(
        method, *sg.loaders(dataset, batch_size=64, augment=False, device="cpu"), epochs=1, lr=0.1, device="cpu"
    )
    list(epochs)
    order = torch.randperm(64, generator=torch.Generator().manual_seed(0))
    x = dataset.normalizer()(dataset.train_x)[order].flatten(1).double()
    p = torch.softmax(x @ w.T + b, -1)
    p[torch.arange(64), dataset.train_y[order]] -= 1
    for name, value, gradient in (("weight", w, p.T @ x / 64), ("bias", b, p.mean(0))):
        gradient = gradient + 1e-4 * value
        expected = value - 0.1 * (gradient + 0.9 * gradient)  # the first momentum buffer is the gradient itself
        torch.testing.assert_close(getattr(method.layer, name).double(), expected, atol=1e-6, rtol=1e-5)


def test_a_parameter_without_gradient_still_decays():
    """As in the released code of stochastic depth: weight decay acts on a skipped block too."""
    method = Linear()
    list(sg.Trainer(method, *sg.loaders(digits(64), batch_size=64, device="cpu"), epochs=1, lr=0.1, device="cpu"))
    assert method.unused[0].item() == pytest.approx(1 - 0.1 * 1.9 * 1e-4, abs=1e-7)


def test_each_epoch_sees_each_image_once_in_a_new_order():
    method = Linear()
    dataset = digits(96)
    list(sg.Trainer(method, *sg.loaders(dataset, batch_size=32, augment=False, device="cpu"), epochs=2, device="cpu"))
    first, second = torch.cat(method.seen[:3]), torch.cat(method.seen[3:6])
    everything = dataset.normalizer()(dataset.train_x)
    rows = lambda x: sorted(image.numpy().tobytes() for image in x)
    assert rows(first) == rows(second) == rows(everything.contiguous())
    assert not torch.equal(first, second)


def test_a_last_batch_of_one_image_is_left_out():
    method = Linear()
    trainer = sg.Trainer(method, *sg.loaders(digits(65), batch_size=32, device="cpu"), epochs=1, device="cpu")
    list(trainer)
    assert [len(x) for x in method.seen] == [32, 32] and len(trainer.train) == 2
    assert trainer.history[0].train["error"] == pytest.approx(sum(method.errors) / 2), "the mean over those it saw"


def test_breaking_off_and_iterating_again_goes_on():
    whole, parts = (
        sg.Trainer(Linear(), *sg.loaders(digits(), batch_size=32, device="cpu"), epochs=4, device="cpu")
        for _ in range(2)
    )
    expected = [epoch.train for epoch in whole]
    got = [epoch.train for epoch in itertools.islice(parts, 2)] + [epoch.train for epoch in parts]
    assert got == expected


def test_an_exception_in_on_step_ends_training():
    class Enough(Exception):
        pass

    def stop():
        raise Enough

    method = Linear()
    with pytest.raises(Enough):
        list(
            sg.Trainer(method, *sg.loaders(digits(), batch_size=32, device="cpu"), epochs=5, device="cpu", on_step=stop)
        )
    assert len(method.seen) == 1


def test_a_frozen_teacher_is_the_same_after_training():
    method = sg.Distillation(sg.resnet20(10, 1), teacher=sg.resnet20(10, 1))
    before = {key: value.clone() for key, value in method.teacher.state_dict().items()}
    list(sg.Trainer(method, *sg.loaders(digits(), batch_size=32, device="cpu"), epochs=2, device="cpu"))
    assert all(torch.equal(before[key], value) for key, value in method.teacher.state_dict().items())


def test_a_layer_that_is_unfrozen_later_is_said_not_to_be_trained():
    method = Linear()
    method.layer.bias.requires_grad_(False)
    trainer = iter(sg.Trainer(method, *sg.loaders(digits(64), batch_size=32), epochs=2))
    next(trainer)
    method.layer.bias.requires_grad_(True)
    with pytest.raises(sg.InputError, match="bias did not require a gradient when the trainer was made"):
        next(trainer)


def test_what_an_optimizer_that_is_given_would_ignore_is_refused():
    method, images = Linear(), sg.loaders(digits(64), batch_size=32)
    adam = torch.optim.Adam(method.parameters())
    sg.Trainer(method, *images, optimizer=adam)
    for ignored in ({"lr": 0.01}, {"momentum": 0.8}, {"weight_decay": 0.0}):
        with pytest.raises(sg.InputError, match="are those of the optimizer that is given"):
            sg.Trainer(method, *images, optimizer=adam, **ignored)


@pytest.mark.parametrize("kind", [torch.float64, torch.float16])
def test_a_network_of_another_precision_is_told_how_to_be_trained(kind):
    with pytest.raises(sg.InputError, match=rf"weights are of {kind}.*call net.float\(\) first"):
        sg.Trainer(sg.Baseline(sg.resnet(8, 10, 1).to(kind)), *sg.loaders(sg.load_dataset("digits"), batch_size=50))


def test_labels_of_another_form_are_one_sentence():
    x, y = torch.randn(8, 3, 8, 8), torch.eye(10)[:8]
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=4)
    with pytest.raises(sg.InputError, match=r"one class index .*torch.float32 of shape \(4, 10\)"):
        list(sg.Trainer(sg.SelfGuidance(sg.resnet(8)), loader, epochs=1))


@pytest.mark.parametrize("frozen", [True, False])
def test_a_frozen_layer_that_is_held_in_eval_mode_stays_in_it(frozen):
    method = sg.Baseline(sg.resnet(8, 10, 1))
    norm = next(module for module in method.modules() if isinstance(module, torch.nn.BatchNorm2d))
    norm.eval().requires_grad_(not frozen)
    before = norm.running_mean.clone()
    list(sg.Trainer(method, *sg.loaders(digits(64), batch_size=32), epochs=1))
    assert torch.equal(norm.running_mean, before) == frozen
