"""From a configuration to what it configures: data, networks, method, trainer."""

import warnings
from dataclasses import replace
from typing import cast

from torch import nn

from ..data import Dataset, load_dataset
from ..data.loader import in_order, loaders
from ..devices import usable_device
from ..drawing import global_generator
from ..methods import Method, build_method
from ..networks import build_network, load_pretrained
from . import distributed
from .config import Config
from .trainer import Trainer


def build_dataset(config: Config) -> Dataset:
    """The images of a run."""
    return load_dataset(
        config.dataset,
        image_size=config.image_size,
        train_examples=config.train_examples,
        test_examples=config.test_examples,
        validation_examples=config.validation_examples,
    )


def build(config: Config, dataset: Dataset | None = None, **more) -> tuple[Method, Dataset]:
    """The data set of a run and its method with fresh networks, both decided by the configuration alone.

    Args:
        config: of the run.
        dataset: its images, where they have been read already.
        more: options of the method that no configuration names, such as a teacher that is a network.
    """
    dataset = dataset or build_dataset(config)
    if ":" in config.model:  # somebody else's network, made for colour, as its weights are
        dataset = _in_colour(dataset)
    left: list[str] = []

    def make_network():
        net = build_network(
            config.model,
            num_classes=dataset.num_classes,
            in_channels=dataset.channels,
            image_size=dataset.train_x.shape[-1],
        )
        if config.pretrained is not None:
            left[:] = load_pretrained(cast(nn.Module, net), config.pretrained)
        return net

    with global_generator(config.seed):  # weights are drawn on the CPU
        method = build_method(config.method, make_network, seed=config.seed, **config.options | more)
    if left:
        warnings.warn(
            f"{', '.join(left)} of {config.pretrained} fit other classes than the {dataset.num_classes} of {dataset.name}: "
            "the classifier starts from scratch.",
            stacklevel=2,
        )
    if config.pretrained is not None and getattr(method, "scaling", None) == "test":
        warnings.warn(
            f"{config.pretrained} holds a network that runs with gates 1 (a run's network.pt has p folded in), and {config.method} "
            "multiplies its branches by p, so that its teacher begins as another function: --scaling train leaves it as it is.",
            stacklevel=2,
        )
    return method, dataset


def _in_colour(dataset: Dataset) -> Dataset:
    """A grey data set with its one channel repeated, without copies of it."""
    if dataset.channels != 1:
        return dataset
    parts = ("train_x", "test_x", "validation_x")
    images = {name: x.expand(-1, 3, -1, -1) for name in parts if (x := getattr(dataset, name)) is not None}
    return replace(dataset, **images)


def make_trainer(config: Config, *, dataset: Dataset | None = None, teacher=None, device=None, **more) -> Trainer:
    """The trainer of a run; ``more`` goes to `Trainer` as it is (``precision``, ``on_step``).

    Args:
        config: of the run.
        dataset: its images, where they have been read already.
        teacher: a trained network, for a method that learns from one.
        device: where to train; None takes a GPU if there is one.
    """
    method, dataset = build(config, dataset, **({} if teacher is None else {"teacher": teacher}))
    return trainer_of(method, dataset, config, device=device, **more)


def trainer_of(method: Method, dataset: Dataset, config: Config, *, device=None, **more) -> Trainer:
    """A trainer by the recipe of a configuration, around any method and data set."""
    distributed.setup()
    device = distributed.own_device() if device is None else usable_device(device)
    train, test = loaders(
        dataset,
        batch_size=config.batch_size,
        augment=config.augment,
        seed=config.seed,
        device=device,
        processes=distributed.world_size(),
    )
    validation = None
    if dataset.validation_x is not None and dataset.validation_y is not None:
        validation = in_order(dataset.validation_x, dataset.validation_y, dataset.normalizer(), device)
    return Trainer(
        method,
        train,
        test,
        epochs=config.epochs,
        lr=config.lr,
        momentum=config.momentum,
        weight_decay=config.weight_decay,
        schedule=config.schedule,
        warmup_epochs=config.warmup_epochs,
        validation=validation,
        seed=config.seed,
        device=device,
        **more,
    )
