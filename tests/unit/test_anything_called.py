"""Whatever the functions of the package are given, they answer or refuse in one sentence: some 6,700 cases."""

import dataclasses
import json
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.anything import ANYTHING, FLOATS, INTEGERS, NUMPYS, Refused, cases, outcome

import sgutils as sg
from sgutils.training.config import Config
from sgutils.training.record import run_name
from sgutils.training.trainer import Diverged

FIELDS = [field.name for field in dataclasses.fields(Config)]
OPTIONS = sorted({name for method in sg.METHODS for name in sg.methods.options(method)})
NUMBERS = FLOATS | INTEGERS | NUMPYS
DTYPES = [
    torch.uint8,
    torch.int64,
    torch.float16,
    torch.bfloat16,
    torch.float32,
    torch.float64,
    torch.bool,
    torch.complex64,
]

pytestmark = pytest.mark.tried(
    "Functions and classes of the package, called with arguments of every kind",
    "A right answer, or one sentence that says what is wrong.",
)


@pytest.fixture(scope="module")
def images():
    return sg.load_dataset("digits", train_examples=40, test_examples=20)


def tiny():
    """A network of three blocks that a processor hardly notices."""
    return sg.ResNet(1, num_classes=10, in_channels=1, widths=(8, 8, 8), block="basic")


def tensors(shapes, dtypes=DTYPES):
    @st.composite
    def make(draw):
        shape, dtype, scale = (
            draw(st.sampled_from(shapes)),
            draw(st.sampled_from(dtypes)),
            draw(st.sampled_from([0, 1, 1e4])),
        )
        values = torch.randn(shape, generator=torch.Generator().manual_seed(draw(st.integers(0, 3)))) * scale
        return values.to(dtype)

    return make()


@given(changes=st.dictionaries(st.sampled_from(FIELDS), ANYTHING, max_size=3))
@cases(1500)
def test_a_configuration_is_refused_or_can_be_written_down_and_read_again(changes):
    config = outcome(sg.Config, **changes)
    if isinstance(config, sg.Config):
        text = json.dumps(config.as_dict(), allow_nan=False)
        assert sg.Config(**json.loads(text)) == config
        name = run_name(config.as_dict())
        assert name == run_name(json.loads(text)) and len(name.encode()) < 240 and not set(name) & set("/\\\0\n ")


@given(
    method=st.sampled_from(sorted(sg.METHODS)),
    options=st.dictionaries(st.sampled_from(OPTIONS), ANYTHING, max_size=2),
    seed=INTEGERS | ANYTHING,
)
@cases(600)
def test_a_method_is_refused_or_has_a_loss(method, options, seed):
    more = {"teacher": tiny()} if method == "distillation" and "teacher" not in options else {}
    torch.manual_seed(0)
    made = outcome(sg.build_method, method, tiny, seed=seed, **options | more)
    if isinstance(made, sg.Method):
        losses = made(torch.randn(4, 1, 8, 8), torch.tensor([0, 1, 2, 3]))
        assert losses["total"].shape == () and 0 <= losses["error"] <= 1


@given(
    changes=st.dictionaries(
        st.sampled_from(
            [
                "epochs",
                "lr",
                "momentum",
                "weight_decay",
                "schedule",
                "warmup_epochs",
                "precision",
                "device",
                "optimizer",
            ]
        ),
        ANYTHING,
        max_size=2,
    ),
    more=st.fixed_dictionaries({}, optional={"lr": NUMBERS, "weight_decay": NUMBERS, "momentum": NUMBERS}),
    count=st.sampled_from([1, 2, 3, 9, 40]),
    batch=st.sampled_from([2, 3, 8, 2**31, 2**63, 10**30]),
)
@cases(200)
def test_a_training_is_refused_or_ends(images, changes, more, count, batch):
    few = dataclasses.replace(images, train_x=images.train_x[:count], train_y=images.train_y[:count])
    settings = {"epochs": 1, "device": "cpu"} | more | changes
    if isinstance(settings["epochs"], int) and settings["epochs"] > 9:
        settings["epochs"] = 2
    made = outcome(sg.loaders, few, batch_size=batch, device="cpu")
    trainer = made and outcome(sg.Trainer, sg.Baseline(tiny()), *made, **settings)
    if isinstance(trainer, sg.Trainer):
        try:
            epochs = outcome(list, trainer)
        except Diverged as error:
            assert "\n" not in str(error)
        else:
            assert not epochs or all(0 <= epoch.test_error <= 1 for epoch in epochs)


@given(
    changes=st.dictionaries(
        st.sampled_from(["batch_size", "augment", "seed", "device", "processes"]), ANYTHING, min_size=1, max_size=2
    )
)
@cases(500)
def test_loaders_are_refused_or_load(images, changes):
    made = outcome(sg.loaders, images, **{"device": "cpu"} | changes)
    if made:
        for loader in made:
            batches = [(x, y) for x, y in loader]
            assert len(batches) == len(loader) and all(x.isfinite().all() and len(x) == len(y) for x, y in batches)


@given(
    changes=st.dictionaries(
        st.sampled_from(["image_size", "train_examples", "test_examples", "validation_examples"]),
        ANYTHING | st.integers(0, 30),
        max_size=3,
    ),
    name=st.just("digits") | ANYTHING,
)
@cases(700)
def test_a_data_set_is_refused_or_is_what_was_asked_for(changes, name):
    data = outcome(sg.load_dataset, name, **changes)
    if isinstance(data, sg.Dataset):
        for part in ("train", "test"):
            asked = changes.get(f"{part}_examples")
            assert asked is None or len(getattr(data, f"{part}_x")) == asked
        side = changes.get("image_size")
        assert side is None or data.train_x.shape[-2:] == (side, side)


@given(
    changes=st.dictionaries(
        st.sampled_from(["train_x", "train_y", "test_x", "test_y", "validation_x", "validation_y", "classes", "name"]),
        tensors([(4, 1, 8, 8), (4,), (4, 1), (), (0,), (4, 3, 8, 8), (0, 1, 8, 8), (4, 1, 0, 8)]) | ANYTHING,
        max_size=2,
    )
)
@cases(600)
def test_images_and_labels_are_refused_or_fit_each_other(changes):
    x, y = torch.zeros(4, 1, 8, 8, dtype=torch.uint8), torch.tensor([0, 1, 0, 1])
    parts = {
        "name": "mine",
        "train_x": x,
        "train_y": y,
        "test_x": x,
        "test_y": y,
        "classes": ("a", "b"),
        "hflip": False,
    }
    data = outcome(sg.Dataset, **parts | changes)
    if isinstance(data, sg.Dataset):
        assert len(data.train_x) == len(data.train_y) and data.train_x.dtype == torch.uint8
        assert int(data.train_y.max()) < data.num_classes == len(data.classes)


@given(
    p=ANYTHING | tensors([(3,), (), (0,), (3, 1)]) | st.lists(NUMBERS, max_size=4),
    p_last=ANYTHING | NUMBERS,
    count=st.integers(-1, 99) | FLOATS | NUMPYS,
)
@cases(800)
def test_gates_are_refused_or_are_probabilities(p, p_last, count):
    for gates in (
        outcome(sg.linear_decay, count, p_last),
        outcome(sg.uniform_survival, count, p_last),
        outcome(sg.sample_gates, p),
    ):
        assert isinstance(gates, Refused) or (
            gates.dtype == torch.float32 and bool(((gates >= 0) & (gates <= 1)).all())
        )
    depth = outcome(sg.expected_depth, p)
    assert isinstance(depth, Refused) or depth >= 0


@given(gates=ANYTHING | tensors([(3,), (), (0,), (3, 1)]) | st.lists(NUMBERS, min_size=3, max_size=3))
@cases(200)
def test_a_network_refuses_gates_or_answers(gates):
    net = tiny().eval()
    logits = outcome(net, torch.zeros(2, 1, 8, 8), gates)
    assert isinstance(logits, Refused) or logits.shape == (2, 10)
    folded = outcome(sg.fold_gates, net, gates)
    assert isinstance(folded, Refused) or folded(torch.zeros(2, 1, 8, 8)).shape == (2, 10)


FLOATING = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
LOGITS = tensors([(4, 10), (4, 3), (1, 10), (0, 10), (4, 0), (4,), ()])


@given(
    one=LOGITS,
    other=LOGITS,
    target=tensors([(4,), (1,), (), (4, 10), (0,)]),
    tau=ANYTHING | NUMBERS,
    lam=ANYTHING | NUMBERS,
)
@cases(1000)
def test_losses_are_refused_or_are_numbers(one, other, target, tau, lam):
    soft = outcome(sg.soft_targets, one, tau)
    assert isinstance(soft, Refused) or (soft.shape == one.shape and bool((soft >= 0).all()))
    divergence = outcome(sg.distillation_kl, one, other, tau)
    assert isinstance(divergence, Refused) or (divergence.shape == () and not divergence.isnan())
    loss = outcome(sg.self_guidance_loss, one, other, target, lam, tau)
    assert isinstance(loss, Refused) or not any(term.isnan() for term in loss[1:])


@given(one=tensors([(4, 10)], FLOATING), other=tensors([(4, 10)], FLOATING), tau=st.floats(1e-2, 30))
@cases(300)
def test_losses_of_logits_in_any_precision_and_of_any_size_are_those_of_double_precision(one, other, tau):
    target = torch.arange(4)
    loss = sg.self_guidance_loss(one, other, target, 0.25, tau)
    exact = sg.self_guidance_loss(one.double(), other.double(), target, 0.25, tau)
    for value, expected in zip(loss, exact, strict=True):
        assert math.isclose(float(value), float(expected), rel_tol=1e-3, abs_tol=1e-4)
    assert torch.allclose(sg.soft_targets(one, tau).double(), sg.soft_targets(one.double(), tau), atol=2e-3)


@given(
    depth=st.integers(-2, 30) | ANYTHING,
    classes=st.integers(-1, 12) | ANYTHING,
    widths=st.lists(st.integers(-1, 8), max_size=3) | ANYTHING,
    block=st.sampled_from([None, "basic", "bottleneck"]) | ANYTHING,
)
@cases(300)
def test_a_network_is_refused_or_built(depth, classes, widths, block):
    sizes = [depth, classes, *(widths if isinstance(widths, list | tuple | range) else [])]
    if any(isinstance(size, int) and size > 128 for size in sizes):
        return  # it would be built, whatever its size
    net = outcome(sg.resnet, depth, num_classes=classes, in_channels=1, widths=widths, block=block)
    assert isinstance(net, Refused) or net.eval()(torch.zeros(1, 1, 8, 8)).shape == (1, classes)
