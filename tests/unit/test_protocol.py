"""The protocol that everything sees of a network, and the old places of what has moved."""

import importlib
import sys

import pytest
import torch

import sgutils as sg
from sgutils.networks import evaluating


def test_our_resnets_keep_the_protocol_and_an_ordinary_module_does_not():
    assert isinstance(sg.resnet20(), sg.GatedNetwork)
    assert not isinstance(torch.nn.Linear(2, 2), sg.GatedNetwork)


def test_fold_gates_is_the_networks_fold():
    net, x = sg.resnet(20, in_channels=1, widths=(4, 6, 8)).eval(), torch.randn(2, 1, 8, 8)
    p = sg.linear_decay(9)
    assert torch.equal(sg.fold_gates(net, p)(x), net.fold(p)(x))
    for nothing in (torch.nn.Linear(2, 2), "resnet20"):
        with pytest.raises(sg.InputError, match="gates"):
            sg.fold_gates(nothing, p)


def test_every_module_comes_back_in_its_own_mode():
    net = sg.resnet20().train()
    net.stem.eval()
    with pytest.raises(ZeroDivisionError), evaluating(net):
        assert not any(module.training for module in net.modules())
        raise ZeroDivisionError
    assert {module.training for module in net.stem.modules()} == {False}
    assert {module.training for module in (net, *net.blocks.modules())} == {True}


def test_the_old_module_works_with_a_warning():
    sys.modules.pop("sgutils.resnets", None)
    with pytest.warns(FutureWarning, match=r"sgutils\.resnets is now sgutils\.networks"):
        old = importlib.import_module("sgutils.resnets")
    assert old.ResNet is sg.ResNet and old.MODELS is sg.MODELS
    for name in old.__all__:
        assert getattr(old, name) is not None


@pytest.mark.parametrize("change", [lambda f: f[:1], lambda f: f[:, :, None], lambda f: f.tolist()])
def test_features_that_are_not_one_row_for_each_image_are_one_sentence(change, monkeypatch):
    net = sg.resnet20()
    monkeypatch.setattr(net, "features", lambda x, gates=None: change(x.flatten(1)))
    with pytest.raises(sg.InputError, match="one row for each of 2 images, but ResNet's are of"):
        sg.features.penultimate(net, torch.zeros(2, 3, 8, 8))
