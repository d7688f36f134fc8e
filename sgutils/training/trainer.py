"""The trainer: Algorithm 1's two loops around any method, on whatever yields ``(x, y)``.

It knows nothing of any one method or data set; `sgutils.training.runs` keeps in files what it gives.
"""

import dataclasses
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Protocol

import torch
from torch import Tensor, nn

from ..checks import number, one_of, shown, whole_number
from ..data.dataset import Dataset
from ..data.loader import Draws, ImageLoader, loaders
from ..devices import usable_device
from ..errors import InputError
from ..methods import Method
from ..networks.modes import evaluating
from ..networks.saved import load_exactly
from ..networks.strided import slice_narrow_convolutions
from . import distributed
from .batches import check_loader, pairs_of, right_ones
from .history import Epoch, check_history
from .optimizers import Chosen, load_optimizer, own_optimizer, sgd
from .precision import PRECISIONS, default_precision, usable_precision
from .randomness import seeded
from .schedules import SCHEDULES, check_momentum, check_warmup, learning_rate
from .steps import CapturedSteps, Steps


class Loader(Sized, Iterable[tuple[Tensor, Tensor]], Protocol):
    """What can be trained and tested on: ``len(loader)`` mini-batches ``(x, y)``."""


class Diverged(ArithmeticError):
    """The loss became NaN or infinite; the message says where."""


# Learning rate, momentum and weight decay of the paper.
SGD = (0.1, 0.9, 1e-4)


class Trainer:
    """Train a method: iterate over it to get one `Epoch` after another.

    Args:
        method: what to train; it is moved to ``device``.
        train: mini-batches ``(x, y)`` with a length, such as `sgutils.loaders` makes, or a torch ``DataLoader``.
        test: the same, tested after each epoch; None tests nothing.
        epochs: how many.
        lr: the learning rate that the schedule starts from.
        momentum: Nesterov momentum.
        weight_decay: on all parameters.
        optimizer: another than SGD with these three, which are then its own: one around the method's parameters, or a function
            of the parameters that makes it; its own learning rates are what the schedule starts from.
        schedule: one of `sgutils.training.schedules.SCHEDULES`.
        warmup_epochs: first epochs, in which the learning rate rises.
        validation: mini-batches for choices; with them the test set is looked at only once, after the last epoch.
        seed: of what a network draws in training besides its gates, such as dropout; with it an epoch draws the same after a stop
            as without one. None leaves torch's generators to you.
        device: where to train; None takes a GPU if there is one.
        precision: of the convolutions' arithmetic in training, one of `PRECISIONS`; None is bfloat16 on a GPU that has it,
            and float32 elsewhere; of a processor without bfloat16 a warning says that float32 is used. Weights, losses
            and tests are float32 in both; torch lets a GPU that can do so round what it convolves in float32 to TF32.
        on_step: called after every step; an exception raised in it ends the training.

    Raises:
        InputError: if an argument is outside its range, or what the method deploys cannot be made of its network.
    """

    def __init__(
        self,
        method: Method,
        train: Loader,
        test: Loader | None = None,
        *,
        epochs: int = 300,
        lr: float = SGD[0],
        momentum: float = SGD[1],
        weight_decay: float = SGD[2],
        optimizer: Chosen | None = None,
        schedule: str = "step",
        warmup_epochs: int = 0,
        validation: Loader | None = None,
        seed: int | None = None,
        device: torch.device | str | None = None,
        precision: str | None = None,
        on_step: Callable[[], object] = lambda: None,
        **old,
    ):
        if isinstance(train, Dataset):
            train, test = _loaders_of(train, device, old)
        elif old:
            raise TypeError(f"Trainer has no argument {next(iter(old))!r}.")
        _check_parts(method, train, test, validation, on_step)
        if precision is not None:
            one_of("precision", precision, PRECISIONS)
        epochs = whole_number("epochs", epochs, 1)
        warmup_epochs = check_warmup(warmup_epochs, epochs)
        one_of("schedule", schedule, SCHEDULES)
        lr, weight_decay = number("lr", lr, above=0), number("weight_decay", weight_decay)
        momentum = check_momentum(momentum)
        method.deployed_network()  # what cannot be deployed is said now, not after 300 epochs
        distributed.setup()
        self.device = distributed.own_device() if device is None else usable_device(device)
        self.precision = usable_precision(precision, self.device) if precision else default_precision(self.device)
        # torch's own types do not know that a module takes a memory format.
        self.method = method.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        slice_narrow_convolutions(self.method)
        self.train, self.test, self.validation = train, test, validation
        if isinstance(train, ImageLoader):  # of another, its owner may not want the first images to be taken
            self._check_predicts(train)
        self.epochs, self.schedule, self.warmup_epochs = epochs, schedule, warmup_epochs
        self.on_step = on_step
        self.seed = None if seed is None else whole_number("seed", seed, 0)
        self.history: list[Epoch] = []
        self._devices_before: list[str] = []
        # Not those that a method holds still, such as a frozen teacher's: decay would move them without any gradient.
        self.parameters: list[Tensor] = [parameter for parameter in method.parameters() if parameter.requires_grad]
        # What is frozen and in eval mode, such as the batch norms of a pretrained network, is held so on purpose.
        self._held = [module for module in method.modules() if not module.training and _is_frozen(module)]
        if optimizer is None:
            self.optimizer = sgd(self.parameters, lr, momentum, weight_decay)
        elif (lr, momentum, weight_decay) != SGD:
            raise InputError(
                "lr, momentum and weight_decay are those of the optimizer that is given: give them to it alone."
            )
        else:
            self.optimizer = own_optimizer(optimizer, self.parameters)
        self._first_rates = [float(group["lr"]) for group in self.optimizer.param_groups]
        # Zero gradients, not missing ones: weight decay and momentum act on a skipped block too, as in the released
        # code of stochastic depth, and as they would if its branch were computed and multiplied by 0.
        for parameter in self.parameters:
            parameter.grad = torch.zeros_like(parameter)
        losses = distributed.wrap(self.method, method.find_unused_parameters)
        shared = losses, self.optimizer, self.precision, self.device
        if optimizer is None and isinstance(train, ImageLoader) and self._capturable():
            self.steps: Steps = CapturedSteps(*shared, train)
        else:
            self.steps = Steps(*shared)

    def _capturable(self) -> bool:
        return self.device.type == "cuda" and distributed.world_size() == 1 and self.method.capturable

    @torch.no_grad()
    def _check_predicts(self, loader: ImageLoader) -> None:
        """Raise an `InputError` unless there is a prediction for these images: it would be found out after an epoch."""
        kinds = {p.dtype for p in self.method.parameters() if p.is_floating_point()} - {torch.float32}
        if kinds:
            raise InputError(
                f"The network's weights are of {kinds.pop()}, and images and training of torch.float32: call net.float() first."
            )
        x, y = loader.batch(Draws(torch.stack([loader.y.argmin(), loader.y.argmax()])))
        try:
            with evaluating(self.method):
                _, sound = right_ones(self.method.predict, x.to(self.device), y.to(self.device))
        except InputError:
            raise
        except (AssertionError, RuntimeError, ValueError) as error:
            size = " x ".join(map(str, x.shape[1:]))
            raise InputError(
                f"The network does not take images of {size}: choose another network or image size."
            ) from error
        if not sound:
            raise InputError("The labels to train on must be classes of the network, from 0.")

    def __iter__(self) -> Iterator[Epoch]:
        """Train the epochs that are left, and give each as it is done."""
        while len(self.history) < self.epochs:
            self.history.append(self._epoch(len(self.history)))
            yield self.history[-1]

    def _epoch(self, index: int) -> Epoch:
        start = time.perf_counter()
        rates = [
            learning_rate(index, self.epochs, first, self.schedule, self.warmup_epochs) for first in self._first_rates
        ]
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate
        known = set(map(id, self.parameters))
        if new := [name for name, p in self.method.named_parameters() if p.requires_grad and id(p) not in known]:
            raise InputError(
                f"{new[0]} did not require a gradient when the trainer was made, and is not in its optimizer: make another "
                "trainer when layers are unfrozen."
            )
        self.method.train()
        for module in self._held:
            module.eval()
        self.method.on_epoch_start(index, self.epochs)
        with seeded(self.seed, index, self.device, self.method):
            tally = self.steps.epoch(self.train, self.on_step)
        if not tally.steps:
            raise InputError("The training loader yields no mini-batch: give it more images, or a smaller batch size.")
        if (bad := distributed.all_reduce_min(tally.first_bad)).isfinite():
            raise Diverged(
                f"The loss became NaN or infinite in epoch {index + 1}, step {int(bad)}, at learning rate {rates[0]:g}."
            )
        if not all(parameter.isfinite().all() for parameter in self.parameters):
            raise Diverged(
                f"The weights became NaN or infinite in the last step of epoch {index + 1}, at learning rate {rates[0]:g}."
            )
        last = index + 1 == self.epochs
        if last:
            self.method.on_train_end(x.to(self.device) for x, _ in pairs_of(self.train, "training"))
        distributed.sync_buffers(self.method)
        images = distributed.all_reduce_sum(torch.tensor(float(tally.images), device=self.device)).item()
        means = {name: distributed.all_reduce_sum(value).item() / images for name, value in tally.sums.items()}
        validated = None if self.validation is None else self.error(self.validation)
        tested = self.error(self.test) if self.test is not None and (last or self.validation is None) else None
        return Epoch(index + 1, rates[0], means, tested, time.perf_counter() - start, validated)

    def error(self, loader: Loader) -> float:
        """Share of wrong predictions of what is deployed."""
        right = self.right(loader)
        return (len(right) - right.sum().item()) / len(right)

    @torch.no_grad()
    def right(self, loader: Loader) -> Tensor:
        """For each image of a loader, in its order, whether the prediction of what is deployed is right: 1.0 or 0.0.

        Raises:
            InputError: if the loader yields no image, labels that are not one class index for each of them, or images that
                are not finite.
        """
        self.method.eval()
        found, sound = [], torch.tensor(True, device=self.device)
        shared = isinstance(loader, ImageLoader) and distributed.world_size() > 1
        for place, (x, y) in enumerate(pairs_of(loader, "test")):
            if shared and place % distributed.world_size() != distributed.rank():
                found.append(torch.zeros(len(y), device=self.device))  # another process looks at these
                continue
            x = x.to(self.device, memory_format=torch.channels_last if x.ndim == 4 else torch.preserve_format)
            right, asked = right_ones(self.method.predict, x, y.to(self.device))
            found.append(right)
            sound = sound & asked
        if not sum(map(len, found)):
            raise InputError("The loader to test on yields no image: give it at least one.")
        if not sound:  # asked once: each time a GPU would have to wait
            raise InputError("The images to test on must be finite, and their labels classes of the network, from 0.")
        right = torch.cat(found)
        return distributed.all_reduce_sum(right) if shared else right

    @property
    def devices(self) -> list[str]:
        """Where it was trained, in words, one after another if it was resumed elsewhere."""
        here = distributed.device_name(self.device)
        return [*(name for name in self._devices_before if name != here), here]

    def state_dict(self) -> dict:
        """All that a run needs to go on as if it had never stopped."""
        optimizer = self.optimizer.state_dict()
        for group in optimizer["param_groups"]:
            group["lr"] = float(group["lr"])
        return {
            "method": self.method.state_dict(),
            "optimizer": optimizer,
            "train": self.train.state_dict() if isinstance(self.train, ImageLoader) else {},
            "history": [dataclasses.asdict(epoch) for epoch in self.history],
            "precision": self.precision,
            "devices": self.devices,
        }

    def load_state_dict(self, state: dict) -> None:
        """Take up where `state_dict` was taken.

        Raises:
            InputError: if what it says cannot be of this training: its numbers would decide the rest of it.
            AttributeError, LookupError, RuntimeError, TypeError, ValueError: if it is something else.
        """
        history = [Epoch(**epoch) for epoch in state["history"]]
        validated = self.validation is not None
        check_history(history, self.epochs, tested=self.test is not None and not validated, validated=validated)
        devices = state.get("devices", [])
        if not all(isinstance(device, str) for device in devices):
            raise TypeError("devices are texts")
        one_of("precision", state["precision"], PRECISIONS)
        load_exactly(self.method, state["method"])
        load_optimizer(self.optimizer, state["optimizer"])
        for group in self.optimizer.param_groups:  # it goes on with the kernels of this device
            if "fused" in group:
                group["fused"] = self.device.type == "cuda"
        if isinstance(self.train, ImageLoader):
            self.train.load_state_dict(state["train"])
        self.history = history
        self.precision = self.steps.precision = state["precision"]
        self.steps.forget()
        self._devices_before = devices


def _is_frozen(module: nn.Module) -> bool:
    trained = [parameter.requires_grad for parameter in module.parameters()]
    return bool(trained) and not any(trained)


def _check_parts(method, train, test, validation, on_step) -> None:
    """Refuse what is no method, loader or function, in a sentence."""
    if not isinstance(method, Method):
        raise InputError(
            f"method must be a training method around a network, such as sg.SelfGuidance(net), not {shown(type(method))}."
        )
    for name, loader in (("training", train), ("test", test), ("validation", validation)):
        if loader is not None or name == "training":
            check_loader(loader, name)
    if not callable(on_step):
        raise InputError(f"on_step must be a function that is called after every step, not {shown(on_step)}.")


def _loaders_of(dataset: Dataset, device, old: dict) -> tuple[ImageLoader, ImageLoader]:
    """Of a data set in the place of its loaders, as before version 0.2."""
    message = (
        "Trainer(method, dataset, ...) is now Trainer(method, *sg.loaders(dataset, batch_size=..., seed=...), ...)."
    )
    warnings.warn(message, FutureWarning, stacklevel=3)
    if "augmented" in old:
        old["augment"] = old.pop("augmented")
    return loaders(dataset, device=device, **old)
