"""A step that is recorded once and replayed trains as ordinary steps do: all of it but the CUDA graph, on a CPU."""

from types import SimpleNamespace

import pytest
import torch

import sgutils as sg
from sgutils.training.steps import CapturedSteps, Steps
from sgutils.training.trainer import Diverged, Trainer


class Replayed(CapturedSteps):
    """Where a GPU would replay its graph, the same step is run again; a CPU has no graphs."""

    def _capture(self):
        self._warm_up()
        return SimpleNamespace(replay=self._counted_step)


def trained(name, kind, lr=0.05):
    """A method after three epochs of three whole mini-batches and a part of one, with what each epoch gave."""
    torch.manual_seed(0)
    more = {"teacher": sg.resnet(8, in_channels=1, widths=(8, 8, 8))} if name == "distillation" else {}
    method = sg.build_method(name, lambda: sg.resnet(14, in_channels=1, widths=(8, 8, 8)), seed=4, **more)
    data = sg.load_dataset("digits", train_examples=103, test_examples=50)
    train, test = sg.loaders(data, batch_size=32, seed=1, device="cpu")
    trainer = Trainer(method, train, test, epochs=3, lr=lr, schedule="cosine", device="cpu")
    shared = method, trainer.optimizer, "float32", torch.device("cpu")
    trainer.steps = Steps(*shared) if kind is Steps else kind(*shared, train)
    return method, list(trainer)


CAPTURABLE = ["baseline", "stochastic-depth", "self-guidance", "cosub", "distillation", "mutual-learning"]


def test_a_method_is_captured_only_where_its_own_class_says_so():
    assert sorted(name for name, kind in sg.METHODS.items() if kind.capturable) == sorted(CAPTURABLE)
    for name in CAPTURABLE:
        assert sg.METHODS[name].on_epoch_start is sg.Method.on_epoch_start

    class Mine(sg.SelfGuidance):  # which may draw in its forward pass: a graph would repeat its first draw for ever
        pass

    class AlsoMine(sg.SelfGuidance):
        capturable = True

    assert not Mine.capturable and AlsoMine.capturable


@pytest.mark.parametrize("name", CAPTURABLE)
def test_replayed_steps_are_the_ordinary_ones(name):
    (one, ours), (other, theirs) = trained(name, Replayed), trained(name, Steps)
    for mine, yours in zip(ours, theirs, strict=True):
        assert mine.lr == pytest.approx(yours.lr) and mine.train == pytest.approx(yours.train, rel=1e-4, abs=1e-5)
        assert mine.test_error == yours.test_error
    for key, value in other.state_dict().items():
        if isinstance(value, torch.Tensor):
            torch.testing.assert_close(one.state_dict()[key], value, rtol=1e-3, atol=1e-5)


def test_a_replayed_step_that_diverges_says_where():
    said = []
    for kind in (Replayed, Steps):
        # The arithmetic of the processor decides whether a loss or only the last weights grow beyond all numbers.
        where = r"in (epoch \d, step \d|the last step of epoch \d), at learning rate"
        with pytest.raises(Diverged, match=where) as caught:
            trained("baseline", kind, lr=1e6)
        said.append(str(caught.value))
    assert said[0] == said[1]
