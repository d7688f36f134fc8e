"""What a loader yields is checked where it comes in: nothing is compared by broadcasting, nothing fails deep inside torch."""

import pytest
import torch

import sgutils as sg

X, Y = torch.randn(6, 1, 8, 8, generator=torch.Generator().manual_seed(0)), torch.arange(6) % 3


def trainer(train=((X, Y),), test=None, **more):
    # Lists, for a tuple of two tensors would look like one mini-batch.
    net = sg.resnet(8, num_classes=3, in_channels=1)
    return sg.Trainer(
        sg.Baseline(net), list(train), test if test is None else list(test), epochs=1, device="cpu", **more
    )


def test_labels_to_test_on_may_be_any_integers():
    for y in (Y, Y.int(), Y.to(torch.uint8)):
        (epoch,) = trainer(test=[(X[:4], y[:4]), (X[4:], y[4:])])
        assert 0 <= epoch.test_error <= 1


@pytest.mark.parametrize(
    ("batch", "words"),
    [
        ((X, Y[:, None]), r"one class index for each of 6 images, not torch.int64 of shape \(6, 1\)"),
        ((X[:3], torch.eye(3)), r"not torch.float32 of shape \(3, 3\)"),
        ((X[:3], torch.eye(3).long()), r"not torch.int64 of shape \(3, 3\)"),
        ((X, Y[:1]), "6 images with 1 labels"),
        ((X, Y + 3), "classes of the network"),
        ((X, Y - 1), "classes of the network"),
        ((X / 0, Y), "must be finite"),
        ((X[:0], Y[:0]), "yields no image"),
        ((X, Y, Y), r"pairs \(x, y\) of tensors, not 3 parts of Tensor"),
        ((X.numpy(), Y.numpy()), "not 2 parts of ndarray"),
        ({"x": X, "y": Y}, "not dict"),
    ],
)
def test_what_cannot_be_tested_on_is_one_sentence(batch, words):
    with pytest.raises(sg.InputError, match=words):
        list(trainer(test=[batch]))


@pytest.mark.parametrize(
    ("batch", "words"),
    [
        ((X, Y[:, None]), r"target must hold one class index \(int64\).* shape \(6, 1\)"),
        ((X[:3], torch.eye(3)), "target must hold one class index"),
        ((X, Y + 1), "from 0 to 2, one of the 3 columns"),
        ((X, Y[:2]), "6 images with 2 labels"),
        ((X, Y, Y), "pairs"),
        (X, "not Tensor"),
    ],
)
def test_what_cannot_be_trained_on_is_one_sentence(batch, words):
    with pytest.raises(sg.InputError, match=words):
        list(trainer(train=[batch]))


@pytest.mark.parametrize("loader", [None, 5, "abc", {}, X, iter([(X, Y)])], ids=lambda loader: type(loader).__name__)
def test_what_is_no_loader_is_one_sentence(loader):
    method = sg.Baseline(sg.resnet(8, num_classes=3, in_channels=1))
    with pytest.raises(sg.InputError, match="The training loader must yield mini-batches"):
        sg.Trainer(method, loader, epochs=1, device="cpu")


@pytest.mark.parametrize("method", [None, "self-guidance", torch.nn.Linear(2, 2)], ids=["none", "a name", "a network"])
def test_what_is_no_method_is_one_sentence(method):
    with pytest.raises(sg.InputError, match="must be a training method around a network"):
        sg.Trainer(method, [(X, Y)], epochs=1, device="cpu")


def test_what_cannot_be_called_or_needs_a_closure_is_one_sentence():
    with pytest.raises(sg.InputError, match="on_step must be a function"):
        trainer(on_step=None)
    with pytest.raises(sg.InputError, match="LBFGS cannot train here"):
        trainer(optimizer=torch.optim.LBFGS)


def test_a_prediction_with_nan_is_not_right():
    method = sg.Baseline(sg.resnet(8, num_classes=3, in_channels=1))
    method.predict = lambda x: torch.full((len(x), 3), torch.nan)
    made = sg.Trainer(method, [(X, Y)], epochs=1, device="cpu")
    assert made.error([(X, torch.zeros(6, dtype=torch.long))]) == 1.0
