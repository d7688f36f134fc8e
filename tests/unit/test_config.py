import pytest

import sgutils as sg


def test_defaults_are_the_papers_recipe():
    c = sg.Config()
    assert (c.dataset, c.model, c.method, c.epochs, c.batch_size) == ("cifar10", "resnet32", "self-guidance", 300, 128)
    assert (c.lr, c.momentum, c.weight_decay) == (0.1, 0.9, 1e-4)
    assert (c.options["tau"], c.options["lam"], c.options["p_last"]) == (3.0, 0.25, 0.5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "vgg"}, "Unknown model 'vgg'.*resnet32"),
        ({"method": "magic"}, "Unknown method 'magic'"),
        ({"epochs": 0}, "epochs.*0"),
        ({"batch_size": 1}, "batch_size.*at least 2"),
        ({"lr": 0.0}, "lr.*above 0"),
        ({"lr": float("inf")}, "lr.*inf"),
        ({"momentum": 1.0}, "momentum.*below 1"),
        ({"weight_decay": -1.0}, "weight_decay"),
        ({"seed": -1}, "seed"),
        ({"options": {"lamda": 1}}, "no option 'lamda'.*lam"),
    ],
)
def test_a_bad_configuration_is_one_sentence(changes, words):
    with pytest.raises(sg.InputError, match=words) as caught:
        sg.Config(**changes)
    assert "\n" not in str(caught.value)
