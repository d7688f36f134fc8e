"""What makes training fast gives the same mathematics as the plain path, and bfloat16 the same to its own precision."""

import copy
import dataclasses
import statistics

import pytest
import torch

import sgutils as sg
import sgutils.losses
from sgutils.methods import METHODS, build_method
from sgutils.training.building import make_trainer
from sgutils.training.precision import default_precision
from sgutils.training.runs import resume
from sgutils.training.trainer import Trainer

SMALL = {"dataset": "digits", "model": "resnet20", "train_examples": 200, "test_examples": 300, "batch_size": 50}


@pytest.fixture(autouse=True)
def exact(monkeypatch):
    """A GPU rounds float32 convolutions and adds up in any order, if it may."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", True)
    # A processor without bfloat16 would train in float32; it computes the same, slowly.
    monkeypatch.setattr("sgutils.training.precision._processor_has_bfloat16", lambda: True)
    # Replayed steps are compared with ordinary ones in test_captured_steps; here an ordinary one, with its plain form.
    monkeypatch.setattr(Trainer, "_capturable", lambda trainer: False)


def one_step(method, precision):
    """What one step of the trainer computes: losses, gradients, and the state of the method after it."""
    dataset = sg.load_dataset("digits", train_examples=64, test_examples=10)
    trainer = Trainer(method, *sg.loaders(dataset, batch_size=64), epochs=1, precision=precision)
    seen = []
    method.register_forward_hook(lambda method, inputs, losses: seen.append((inputs, losses)))
    next(iter(trainer))
    ((inputs, losses),) = seen[:1]
    gradients = {name: p.grad for name, p in method.named_parameters() if p.grad is not None}
    return inputs, losses, gradients, method.state_dict()


def plain_step(method, x, y):
    """The same as it is written in a textbook: contiguous float32, one backward pass, one step."""
    method.to(x.device).train()
    method.on_epoch_start(0, 1)
    parameters = [p for p in method.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(parameters, lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-4)
    for parameter in parameters:
        parameter.grad = torch.zeros_like(parameter)
    losses = method(x.contiguous(), y)
    losses["total"].backward()
    gradients = {name: p.grad for name, p in method.named_parameters() if p.grad is not None}
    optimizer.step()
    return losses, gradients, method.state_dict()


def twins(name):
    def make_network():
        return sg.resnet20(in_channels=1)

    torch.manual_seed(3)
    options = {"teacher": make_network()} if name == "distillation" else {}
    method = build_method(name, make_network, seed=5, **options)
    return method, copy.deepcopy(method)


@pytest.mark.parametrize("name", METHODS)
def test_a_step_of_the_trainer_is_the_plain_step(name):
    method, twin = twins(name)
    (x, y), losses, gradients, state = one_step(method, "float32")
    plain_losses, plain_gradients, plain_state = plain_step(twin, x, y)
    for term, value in plain_losses.items():
        torch.testing.assert_close(losses[term], value, rtol=1e-5, atol=1e-5)
    scale = float(max(gradient.abs().max() for gradient in plain_gradients.values()))
    for parameter, gradient in plain_gradients.items():
        torch.testing.assert_close(gradients[parameter], gradient, rtol=1e-3, atol=scale * 1e-4)
    # Weights and running statistics after the step; a weight moves by 0.1 * 1.9 of its gradient.
    for key, value in plain_state.items():
        if isinstance(value, torch.Tensor):
            torch.testing.assert_close(state[key], value, rtol=1e-4, atol=max(1e-5, scale * 2e-5))


@pytest.mark.parametrize("name", METHODS)
def test_a_step_in_bfloat16_is_the_same_to_its_precision(name, monkeypatch):
    method, twin = twins(name)
    compared = []  # what losses are made from

    def watch(module, function):
        original = getattr(module, function)
        monkeypatch.setattr(
            module, function, lambda logits, *more, **named: compared.append(logits) or original(logits, *more, **named)
        )

    for net in method.modules():
        if isinstance(net, sg.ResNet):
            net.register_forward_hook(lambda _, given, logits: compared.append(logits))
    watch(torch.nn.functional, "cross_entropy")
    watch(sgutils.losses, "_at_least_float32")
    (x, y), losses, gradients, state = one_step(method, "bfloat16")
    plain_losses, plain_gradients, plain_state = plain_step(twin, x, y)
    assert all(logits.dtype == torch.float32 for logits in compared), "losses are computed from logits in float32"
    assert all(value.dtype == torch.float32 for value in losses.values())
    assert all(value.dtype == torch.float32 for value in gradients.values())
    assert losses["total"] != plain_losses["total"], "it was computed in float32"
    torch.testing.assert_close(losses["total"], plain_losses["total"], rtol=0.02, atol=0)
    ours, theirs = (torch.cat([g[name].flatten() for name in plain_gradients]) for g in (gradients, plain_gradients))
    assert torch.cosine_similarity(ours, theirs, dim=0) > 0.95
    for key, value in plain_state.items():
        if "running_var" in key:
            torch.testing.assert_close(state[key], value, rtol=0.05, atol=1e-3)


def test_training_in_bfloat16_ends_within_seed_noise(monkeypatch):
    monkeypatch.setitem(sg.MODELS, "resnet8", lambda **shape: sg.resnet(8, **shape))
    errors = {}
    for precision in ("float32", "bfloat16"):
        configs = [
            sg.Config(**SMALL | {"model": "resnet8", "train_examples": 600}, augment=False, epochs=5, seed=seed)
            for seed in range(3)
        ]
        runs = [sg.train(config, precision=precision, quiet=True) for config in configs]
        assert [run.precision for run in runs] == [precision] * 3
        errors[precision] = [run.last_test_error for run in runs]
    noise = max(map(statistics.stdev, errors.values()))
    assert max(errors["bfloat16"]) < 0.2, "it learns: guessing is 0.9"
    assert abs(statistics.mean(errors["float32"]) - statistics.mean(errors["bfloat16"])) < max(0.03, 2 * noise)


def test_a_run_in_bfloat16_is_taken_up_in_bfloat16(tmp_path):
    config = sg.Config(**SMALL, epochs=3)
    whole = sg.train(config, precision="bfloat16", quiet=True)
    stopped = sg.train(config, tmp_path / "run", precision="bfloat16", deadline=0.0, quiet=True)
    assert stopped.status == "stopped"
    resumed = resume(tmp_path / "run", quiet=True)
    assert resumed.precision == "bfloat16" and resumed.curves == whole.curves


def test_a_cpu_computes_in_float32_unless_told():
    assert make_trainer(sg.Config(**SMALL, epochs=1), device="cpu").precision == "float32"


def test_a_gpu_computes_in_bfloat16_if_it_can_and_else_says_so(monkeypatch):
    gpu = torch.device("cuda")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    assert default_precision(gpu) == "bfloat16"
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: including_emulation)
    with pytest.warns(UserWarning, match="This GPU has no bfloat16 of its own: training in float32"):
        assert default_precision(gpu) == "float32"


def test_a_checkpoint_of_another_device_goes_on_with_the_kernels_of_this_one():
    trainer = make_trainer(sg.Config(**SMALL, epochs=1), device="cpu")
    state = trainer.state_dict()
    state["optimizer"]["param_groups"][0]["fused"] = True
    trainer.load_state_dict(state)
    assert trainer.optimizer.param_groups[0]["fused"] is False


def test_a_record_without_precision_is_float32():
    record = dataclasses.asdict(sg.train(sg.Config(**SMALL, epochs=1), precision="float32", quiet=True))
    assert record.pop("precision") == "float32"
    assert sg.results.Run(**record).precision == "float32"


def test_an_unknown_precision_is_one_sentence():
    with pytest.raises(sg.InputError, match="precision must be one of float32, bfloat16, not 'float16'"):
        sg.train(sg.Config(**SMALL, epochs=1), precision="float16", quiet=True)
