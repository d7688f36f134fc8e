"""The GPU path without a GPU: tensors that say they are on one and hold no numbers (torch's fake tensors).

What mixes devices fails there, and so does what reads a number back: a loop that never waits runs through.
"""

import pytest
import torch
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode, unset_fake_temporarily
from torch.utils._python_dispatch import TorchDispatchMode

import sgutils as sg
from sgutils.methods import METHODS, build_method
from sgutils.methods.sampler import GateSampler
from sgutils.training.precision import PRECISIONS
from sgutils.training.trainer import Trainer

GPU = torch.device("cuda", 0)


class Watched(TorchDispatchMode):
    """Notes the copies from the CPU for which the CPU waits, and the precisions of convolutions."""

    def __init__(self):
        super().__init__()
        self.waited_for, self.convolved_in = [], set()

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        out = operator(*args, **(kwargs or {}))
        if (
            operator is torch.ops.aten._to_copy.default
            and args[0].device != out.device
            and not kwargs.get("non_blocking")
        ):
            self.waited_for.append(tuple(out.shape))
        if operator is torch.ops.aten.convolution.default:
            self.convolved_in.add(out.dtype)
        return out


def moved(net, mode):
    """The same module with fake parameters and buffers on the GPU; `Module.to` cannot do that where weights are shared."""
    for module in net.modules():
        for tensors in (module._parameters, module._buffers):
            for name, tensor in tensors.items():
                if tensor is not None:
                    with mode:
                        there = mode.from_tensor(tensor.detach()).to(GPU)
                    is_parameter = isinstance(tensor, torch.nn.Parameter)
                    tensors[name] = torch.nn.Parameter(there, tensor.requires_grad) if is_parameter else there
    net.to = lambda *args, **kwargs: net
    return net


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("name", METHODS)
def test_no_step_of_an_epoch_mixes_devices_or_waits_for_the_gpu(name, precision, monkeypatch):
    def make_network():
        return sg.resnet(8, in_channels=1)

    def real_gates(self, draw=GateSampler.draw):
        with unset_fake_temporarily():  # they are on the CPU and decide what is computed
            drawn = draw(self)
            return drawn if drawn.ndim == 1 else list(drawn)

    monkeypatch.setattr(GateSampler, "draw", real_gates)
    # What asks for a driver, and what does not run without one.
    monkeypatch.setattr(torch.cuda.amp.common, "amp_definitely_not_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    monkeypatch.setattr(torch.Tensor, "backward", lambda total: None)
    monkeypatch.setattr(torch.optim.SGD, "step", lambda optimizer: None)
    monkeypatch.setattr(Trainer, "_capturable", lambda trainer: False)  # a graph needs a real one
    monkeypatch.setattr(
        Trainer, "_check_predicts", lambda trainer, loader: None
    )  # it waits once, before the first step
    dataset = sg.load_dataset("digits", train_examples=100, test_examples=10)
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    options = {"teacher": moved(make_network(), mode)} if name == "distillation" else {}
    trained = moved(build_method(name, make_network, **options), mode)
    trained.deployed_network = lambda: trained  # before training, folding reads weights, and they hold no numbers here
    steps = []
    with mode:
        trainer = Trainer(
            trained, *sg.loaders(dataset, batch_size=32, device=GPU), epochs=1, device=GPU, precision=precision
        )
        trainer.on_step = lambda: steps.append(watched.waited_for.copy())
        assert all(tensor.device == GPU for tensor in (trainer.train.x, *trainer.parameters))
        with (
            Watched() as watched,
            pytest.raises(DataDependentOutputException),
        ):  # "were all losses finite?", after the last step
            next(iter(trainer))
    before_the_first = [(), (100,)]  # the mark of a bad loss, and the order of the images
    assert steps == [before_the_first] * 4
    assert watched.convolved_in == {getattr(torch, precision)}
    with mode, pytest.raises(DataDependentOutputException):  # the one number that is read
        trainer.error(trainer.test)
