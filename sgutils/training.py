"""The trainer: the paper's recipe around any method.

`Trainer` is Algorithm 1's two loops and knows nothing of any one method; `sgutils.runs` keeps what it comes to in files.
"""

import dataclasses
import math
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from . import distributed
from .config import Config
from .data import Dataset, augment, load_dataset
from .errors import InputError
from .methods import Method, build_method
from .networks import MODELS

PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to.

    Attributes:
        index: 1 for the first.
        lr: its learning rate.
        train: epoch means of what the method returned (``total``, ``error`` and its own terms).
        test_error: share of wrong test predictions of what is deployed.
        seconds: wall time of training and testing.
    """

    index: int
    lr: float
    train: dict[str, float]
    test_error: float
    seconds: float


class Diverged(ArithmeticError):
    """The loss became NaN or infinite; the message says where."""


class Trainer:
    """Train a method on a data set: iterate over it to get one `Epoch` after another.

    Where the method wants another to be trained first, those epochs come first.

    Args:
        method: what to train; it is moved to ``device``.
        dataset: its images.
        epochs: how many.
        batch_size: images a step.
        lr: first learning rate, divided by 10 at 50 % and again at 75 % of the epochs.
        momentum: Nesterov momentum.
        weight_decay: on all parameters.
        augmented: whether to shift and mirror the training images.
        seed: of the data order and the augmentation.
        device: where to train; None takes a GPU if there is one.
        precision: of the convolutions' arithmetic in training, one of `PRECISIONS`; None is bfloat16 on a GPU that has it,
            and float32 elsewhere. Weights, losses and tests are float32 in both; torch lets a GPU that can do so round
            what it convolves in float32 to TF32.
        on_step: called after every step; an exception raised in it ends the training.
    """

    def __init__(
        self,
        method: Method,
        dataset: Dataset,
        *,
        epochs: int = 300,
        batch_size: int = 128,
        lr: float = 0.1,
        momentum: float = 0.9,
        weight_decay: float = 1e-4,
        augmented: bool = True,
        seed: int = 0,
        device: torch.device | str | None = None,
        precision: str | None = None,
        on_step: Callable[[], None] = lambda: None,
    ):
        if batch_size < 2 * distributed.world_size():
            raise InputError(
                f"batch_size {batch_size} leaves fewer than two images for each of {distributed.world_size()} processes: "
                "batch norm needs two; start fewer, or choose a larger batch."
            )
        if precision not in (None, *PRECISIONS):
            raise InputError(f"precision must be one of {', '.join(PRECISIONS)}, not {precision!r}.")
        distributed.join()
        method.deployed_network()  # what cannot be deployed is found out now, not after 300 epochs
        self.device = distributed.own_device() if device is None else torch.device(device)
        self.precision = precision or default_precision(self.device)
        self.method = method.to(self.device, memory_format=torch.channels_last)
        self.dataset = dataset.to(self.device)
        self.normalise = self.dataset.normaliser()
        self.epochs = epochs
        self.batch_size = batch_size
        self.lr = lr
        self.augmented = augmented
        self.on_step = on_step
        self.draws = torch.Generator().manual_seed(seed)  # data order and augmentation, on the CPU
        self.history: list[Epoch] = []
        # Not those that a method holds still, such as a frozen teacher's: decay would move them without any gradient.
        self.parameters = [parameter for parameter in method.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.SGD(
            self.parameters,
            lr=lr,
            momentum=momentum,
            nesterov=momentum > 0,
            weight_decay=weight_decay,
            fused=self.device.type == "cuda",  # one kernel for all parameters instead of several for each
        )
        # Zero gradients, not missing ones: weight decay and momentum act on a skipped block too, as in the released
        # code of stochastic depth, and as they would if its branch were computed and multiplied by 0.
        for parameter in self.parameters:
            parameter.grad = torch.zeros_like(parameter)
        self.losses = distributed.wrap(self.method, method.find_unused_parameters)
        before = method.trained_first()
        self.first = before and Trainer(
            before,
            self.dataset,
            epochs=epochs,
            batch_size=batch_size,
            lr=lr,
            momentum=momentum,
            weight_decay=weight_decay,
            augmented=augmented,
            seed=seed,
            device=self.device,
            precision=self.precision,
            on_step=lambda: self.on_step(),
        )

    @property
    def epochs_to_do(self) -> int:
        """How many there are in all, those of what is trained first included."""
        return self.epochs + (self.first.epochs_to_do if self.first else 0)

    @property
    def epochs_done(self) -> list[Epoch]:
        """Those that are over, those of what is trained first included."""
        return [*(self.first.epochs_done if self.first else ()), *self.history]

    @property
    def steps_per_epoch(self) -> int:
        """Mini-batches of an epoch."""
        return len(self._batches(torch.arange(len(self.dataset.train_x))))

    def __iter__(self) -> Iterator[Epoch]:
        """Train the epochs that are left, and give each as it is done."""
        if self.first:
            yield from self.first
        self.method.on_train_start()
        while len(self.history) < self.epochs:
            self.history.append(self._epoch(len(self.history)))
            yield self.history[-1]

    def _epoch(self, index: int) -> Epoch:
        start = time.perf_counter()
        lr = learning_rate(index, self.epochs, self.lr)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.method.train()
        self.method.on_epoch_start(index, self.epochs)
        sums: dict[str, Tensor] = {}
        first_bad = torch.tensor(math.inf, device=self.device)
        batches = self._batches(torch.randperm(len(self.dataset.train_x), generator=self.draws).to(self.device))
        for step, batch in enumerate(batches):
            losses, count = self._step(batch)
            # Sums stay on the device: reading a number in this loop would make a GPU wait for the CPU.
            for name, value in losses.items():
                sums[name] = sums.get(name, 0) + value.detach() * count
            bad = torch.where(losses["total"].detach().isfinite(), math.inf, float(step + 1))
            first_bad = torch.minimum(first_bad, bad)
            self.on_step()
        if distributed.least(first_bad).isfinite():
            raise Diverged(
                f"The loss became NaN or infinite in epoch {index + 1}, step {int(first_bad)}, at learning rate {lr:g}."
            )
        if not all(parameter.isfinite().all() for parameter in self.parameters):
            raise Diverged(
                f"The weights became NaN or infinite in the last step of epoch {index + 1}, at learning rate {lr:g}."
            )
        if index + 1 == self.epochs:
            self.method.on_train_end(self._images(batch) for batch in batches)
        distributed.agree(self.method)
        images = sum(map(len, batches))
        means = {name: distributed.add_up(value).item() / images for name, value in sums.items()}
        return Epoch(index + 1, lr, means, self.test_error(), time.perf_counter() - start)

    def _step(self, batch: Tensor) -> tuple[dict[str, Tensor], int]:
        """One step on the training images of these indices: the losses of this process's share, and how many it has."""
        x, y = distributed.share(self._images(batch)), distributed.share(self.dataset.train_y[batch])
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            losses = self.losses(x, y)
        self.optimizer.zero_grad(set_to_none=False)
        # Of several processes each has its own share of the batch, not always an equal one; their mean is taken.
        (losses["total"] * (len(x) * distributed.world_size() / len(batch))).backward()
        self.optimizer.step()
        return losses, len(x)

    def _images(self, batch: Tensor) -> Tensor:
        images = self.normalise(self.dataset.train_x[batch])
        if self.augmented:
            pad = max(1, images.shape[-1] // 8)
            images = augment(images, pad=pad, mirror=self.dataset.mirrored, generator=self.draws)
        return images.contiguous(memory_format=torch.channels_last)

    def _batches(self, order: Tensor) -> tuple[Tensor, ...]:
        batches = order.split(self.batch_size)
        # Batch norm has no statistics of a single image, in no process.
        too_few = len(batches[-1]) < 2 * distributed.world_size()
        return batches[:-1] if len(batches) > 1 and too_few else batches

    @torch.no_grad()
    def test_error(self) -> float:
        """Share of wrong test predictions of what is deployed."""
        self.method.eval()
        wrong = torch.zeros((), device=self.device)
        test_x, test_y = distributed.share(self.dataset.test_x), distributed.share(self.dataset.test_y)
        for x, y in zip(test_x.split(1000), test_y.split(1000)):
            images = self.normalise(x).contiguous(memory_format=torch.channels_last)
            wrong += (self.method.predict(images).argmax(dim=1) != y).sum()
        return distributed.add_up(wrong).item() / len(self.dataset.test_y)

    def state_dict(self) -> dict:
        """All that a run needs to go on as if it had never stopped."""
        return {
            "method": self.method.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "draws": self.draws.get_state(),
            "history": [dataclasses.asdict(epoch) for epoch in self.history],
            "precision": self.precision,
            "first": self.first and self.first.state_dict(),
        }

    def load_state_dict(self, state: dict) -> None:
        """Take up where `state_dict` was taken."""
        self.method.load_state_dict(state["method"])
        self.optimizer.load_state_dict(state["optimizer"])
        for group in self.optimizer.param_groups:  # it goes on with the kernels of this device
            group["fused"] = self.device.type == "cuda"
        self.draws.set_state(state["draws"].cpu())
        self.history = [Epoch(**epoch) for epoch in state["history"]]
        self.precision = state["precision"]
        if self.first:
            self.first.load_state_dict(state["first"])


def default_precision(device: torch.device) -> str:
    """The fastest precision that ends with the same errors, and on a CPU the one that is the same on all of them."""
    if device.type != "cuda":
        return "float32"
    if torch.cuda.is_bf16_supported(including_emulation=False):
        return "bfloat16"
    warnings.warn("This GPU has no bfloat16 of its own: training in float32, which takes longer.", stacklevel=2)
    return "float32"


def learning_rate(index: int, epochs: int, lr: float) -> float:
    """The step schedule of the paper: ``lr``, a tenth of it from 50 % and a hundredth from 75 % of the epochs.

    Args:
        index: 0 for the first epoch.
        epochs: of the whole run.
        lr: the first learning rate.
    """
    return lr * (1 if index < 0.5 * epochs else 0.1 if index < 0.75 * epochs else 0.01)


def build(config: Config) -> tuple[Method, Dataset]:
    """The data set of a run and its method with fresh networks, both decided by the configuration alone."""
    dataset = load_dataset(
        config.dataset,
        image_size=config.image_size,
        train_examples=config.train_examples,
        test_examples=config.test_examples,
    )

    def make_network():
        return MODELS[config.model](num_classes=dataset.num_classes, in_channels=dataset.channels)

    with torch.random.fork_rng(devices=[]):  # weights are drawn on the CPU
        torch.default_generator.manual_seed(config.seed)
        method = build_method(config.method, make_network, seed=config.seed, **config.options)
    return method, dataset


def make_trainer(config: Config, **more) -> Trainer:
    """The trainer of a run; ``more`` goes to `Trainer` as it is (``device``, ``precision``, ``on_step``)."""
    return Trainer(*build(config), **recipe(config), **more)


def recipe(config: Config) -> dict:
    """What of a configuration is for the `Trainer`, as its arguments."""
    names = ("epochs", "batch_size", "lr", "momentum", "weight_decay", "seed")
    return {"augmented": config.augment} | {name: getattr(config, name) for name in names}
