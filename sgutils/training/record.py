"""The record of one run: what was measured, and everything that decided it. The ledger is a folder of them."""

import base64
import dataclasses
import functools
import hashlib
import json
import math
import os
import platform
import re
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from ..checks import in_one_line, is_number, shown
from ..errors import InputError
from .config import Config

# 1: the first, without this number. 2: names only what differs from the defaults of later fields and options (see
# `Config.as_dict`), and carries the processor, every test image's outcome and the error on the training images.
SCHEMA = 2
STATUSES = ("finished", "diverged", "stopped", "interrupted")


@dataclass(frozen=True)
class Run:
    """One run as it was measured.

    Attributes:
        config: everything that decided it, as `Config.as_dict` gives it, its seed included.
        status: ``"finished"``, ``"diverged"`` (NaN or infinite loss), ``"stopped"`` (deadline) or ``"interrupted"``.
        message: what there is to say about a run that did not finish.
        command: how it was started.
        curves: one number per epoch: ``test_error`` (of a run with validation images only the last), ``validation_error``
            where there is any, and epoch means of the method's losses, ``train_...``.
        last_test_error: of the last epoch, as a share; what tables quote. None if it was not tested.
        best_test_error: the lowest of any epoch; chosen on the test set, so no table quotes it.
        parameters: how many are trained, and how many are deployed.
        seconds: wall time of all epochs.
        images_per_second: training images per second, testing included.
        device: what it ran on; several where it was resumed on another.
        versions: of Python and the libraries.
        commit: of the code, see `code_commit`.
        precision: of the convolutions in training, see `sgutils.training.Trainer`.
        processor: its model and the vector instructions that torch uses: on another, the same run ends otherwise.
        right: which test images what is deployed gets right after the last epoch: their number, ``images``, and ``bits``, one
            per image in the order of the files, the first in the highest bit, as base64. `right_images` reads it. None
            before the end.
        fit_error: the share of training images, not augmented, that it gets wrong then. None before the end.
        schema: of this record, see `SCHEMA`.
    """

    config: dict
    status: str
    message: str
    command: str
    curves: dict[str, list[float]]
    last_test_error: float | None
    best_test_error: float | None
    parameters: dict[str, int]
    seconds: float
    images_per_second: float
    device: str
    versions: dict[str, str]
    commit: str
    precision: str = "float32"
    processor: dict[str, str] = field(default_factory=dict)
    right: dict | None = None
    fit_error: float | None = None
    schema: int = 1

    @classmethod
    def of(cls, trainer, config, *, status: str, message: str, command: str) -> "Run":
        """The record of what a trainer has done so far."""
        history = trainer.history
        tested = [epoch.test_error for epoch in history if epoch.test_error is not None]
        curves: dict[str, list] = {"test_error": tested}
        if history and history[0].validation_error is not None:
            curves["validation_error"] = [epoch.validation_error for epoch in history]
        for name in history[0].train if history else ():
            curves[f"train_{name}"] = [round(epoch.train[name], 6) for epoch in history]
        seconds = sum(epoch.seconds for epoch in history)
        images = len(history) * len(trainer.train.y)
        finished = status == "finished"
        return cls(
            config=config.as_dict(),
            status=status,
            message=message,
            command=command,
            curves=curves,
            last_test_error=tested[-1] if tested else None,
            best_test_error=min(tested) if tested else None,
            parameters={
                "trained": sum(p.numel() for p in trainer.parameters),
                "deployed": sum(p.numel() for p in trainer.method.deployed_network().parameters()),
            },
            seconds=round(seconds, 2),
            images_per_second=round(images / seconds, 1) if seconds else 0.0,
            device=", then ".join(trainer.devices),
            versions={"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
            commit=code_commit(),
            precision=trainer.precision,
            processor=processor(),
            right=_as_bits(trainer.right(trainer.test)) if finished else None,
            fit_error=round(trainer.error(trainer.train.in_order()), 6) if finished else None,
            schema=SCHEMA,
        )

    def right_images(self) -> np.ndarray | None:
        """``(N,)`` booleans, one per test image; None where the record does not keep them."""
        if self.right is None:
            return None
        bits = np.unpackbits(np.frombuffer(base64.b64decode(self.right["bits"]), np.uint8))
        return bits[: self.right["images"]].astype(bool)

    @property
    def seed(self) -> int:
        return self.config["seed"]

    @property
    def finished(self) -> bool:
        """Whether it was trained to the end with a finite loss."""
        return self.status == "finished"

    @property
    def ended(self) -> bool:
        """Whether there is nothing left to train: it finished, or its loss became NaN or infinite."""
        return self.status in ("finished", "diverged")

    @property
    def error(self) -> float:
        """Test error after the last epoch, in per cent.

        Raises:
            ValueError: if it was not tested.
        """
        if self.last_test_error is None:
            raise ValueError(f"{self.name} was not tested: ask a run that finished.")
        return 100 * self.last_test_error

    @property
    def name(self) -> str:
        """What the ledger calls the file: data set, network, method, and a digest of the whole configuration."""
        return run_name(self.config)

    def to_json(self) -> str:
        """The text of the ledger file."""
        return json.dumps(dataclasses.asdict(self), indent=1) + "\n"


def setting_key(config: dict) -> str:
    """A configuration without its seed, as text: equal for runs that may be averaged."""
    return json.dumps({key: value for key, value in config.items() if key != "seed"}, sort_keys=True)


def run_name(config: dict) -> str:
    """The ledger's file name for what `Config.as_dict` gave, without ending: equal for equal configurations."""
    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()[:8]
    parts = (_in_a_file_name(str(config[name])) for name in ("dataset", "model", "method"))
    return f"{'_'.join(parts)}_seed{config['seed']}_{digest}"


def _in_a_file_name(text: str) -> str:
    """What names a part of the configuration, of a path its end, in letters that any file system takes."""
    kind, colon, path = text.partition(":")
    end = re.split(r"[/\\]+", path.rstrip("/\\"))[-1]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", f"{kind}-{end}" if colon else text)[:48]


def load_run(path: str | Path) -> Run:
    """One record of a ledger.

    Raises:
        InputError: if the file cannot be read or is not a record of a run.
    """
    try:
        if not Path(path).is_file():  # opening a pipe would wait for whoever writes to it
            raise ValueError("it is not a file" if os.path.lexists(path) else "there is no such file")
        run = Run(**json.loads(Path(path).read_text()))
        _check_kinds(run)
        if run.finished:
            _check_ended(run)
        # In the form of this version: what a record does not name is as it was before there was a choice.
        return dataclasses.replace(run, config=Config.from_dict(run.config).as_dict())
    except InputError as error:  # such as a method of somebody's own
        raise InputError(f"{path} cannot be used: {error}") from error
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise InputError(
            f"{path} is not a record of a run ({in_one_line(str(error))}): expected a JSON file that this version of `sgutils train` wrote."
        ) from error


def _check_kinds(run: Run) -> None:
    """Raise a `ValueError` unless everything in a record is of the kind that tables, plots and statistics count on."""
    for name in ("status", "message", "command", "device", "commit", "precision"):
        _expect(isinstance(getattr(run, name), str), name, "a text")
    _expect(run.status in STATUSES, "status", f"one of {', '.join(STATUSES)}")
    for name in ("config", "curves", "parameters", "versions", "processor"):
        _expect(isinstance(getattr(run, name), dict), name, "an object")
    for name, curve in run.curves.items():
        numbers = isinstance(curve, list) and all(type(value) in (int, float) for value in curve)
        _expect(numbers, f"the curve {shown(name)}", "a list of numbers")
    for name in ("last_test_error", "best_test_error", "fit_error"):
        share = getattr(run, name)
        _expect(share is None or (is_number(share) and 0 <= share <= 1), name, "a share from 0 to 1, or null")
    _expect(run.last_test_error is not None or not run.finished, "last_test_error", "a share: the run finished")
    for name in ("seconds", "images_per_second"):
        _expect(is_number(getattr(run, name)) and getattr(run, name) >= 0, name, "a number of at least 0")
    _expect(all(map(is_number, run.parameters.values())), "parameters", "an object of numbers")
    _expect(all(isinstance(text, str) for text in run.versions.values()), "versions", "an object of texts")
    _expect(all(isinstance(text, str) for text in run.processor.values()), "processor", "an object of texts")
    _expect(type(run.schema) is int and 1 <= run.schema <= SCHEMA, "schema", f"a whole number from 1 to {SCHEMA}")
    if run.right is not None:
        sound = isinstance(run.right, dict) and isinstance(run.right.get("bits"), str)
        sound = sound and type(run.right.get("images")) is int and run.right["images"] >= 0
        sound = sound and len(base64.b64decode(run.right["bits"])) == math.ceil(run.right["images"] / 8)
        _expect(sound, "right", "images and their bits")
        right = run.right_images()
        if right is not None and len(right) and run.last_test_error is not None:
            agrees = abs(1 - right.mean() - run.last_test_error) < 0.5 / len(right) + 1e-6
            _expect(agrees, "last_test_error", "the share of images that are not right")


def _check_ended(run: Run) -> None:
    """Raise a `ValueError` where the parts of a finished run's record contradict one another."""
    lengths = {name: len(curve) for name, curve in run.curves.items()}
    epochs = max(lengths.values(), default=0)
    if "epochs" in run.config and "train_error" in run.curves:
        _expect(
            epochs == run.config["epochs"], "the longest curve", f"of {run.config['epochs']} epochs, not of {epochs}"
        )
    for name, curve in run.curves.items():
        tested_once = name == "test_error" and lengths[name] == 1
        _expect(
            lengths[name] == epochs or tested_once,
            f"the curve {shown(name)}",
            f"of {epochs} epochs, not of {lengths[name]}",
        )
        _expect(all(map(math.isfinite, curve)), f"the curve {shown(name)}", "finite: the run finished")
        shares = not name.endswith("error") or all(0 <= value <= 1 for value in curve)
        _expect(shares, f"the curve {shown(name)}", "shares from 0 to 1")
    tested = run.curves.get("test_error")
    for name, of in (("last_test_error", lambda curve: curve[-1]), ("best_test_error", min)):
        share = getattr(run, name)
        _expect(not tested or share is None or abs(of(tested) - share) < 1e-6, name, "what its curve says")
    if run.right is not None and run.config.get("test_examples") is not None:
        _expect(run.right["images"] == run.config["test_examples"], "right", f"of {run.config['test_examples']} images")


def _expect(so: bool, name: str, kind: str) -> None:
    if not so:
        raise ValueError(f"{name} must be {kind}")


def _as_bits(right: torch.Tensor) -> dict:
    bits = np.packbits(right.bool().cpu().numpy())
    return {"images": len(right), "bits": base64.b64encode(bits.tobytes()).decode()}


@functools.cache
def processor() -> dict[str, str]:
    """The processor's model, and the vector instructions that torch computes with."""
    model = platform.processor() or platform.machine()
    with suppress(OSError), open("/proc/cpuinfo") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), model)
    return {"model": model, "instructions": torch.backends.cpu.get_cpu_capability()}


@functools.cache
def code_commit() -> str:
    """The commit of this code, "+" if the package has changed since, or "unknown" outside a checkout.

    Asked once a process, when training starts: the code that runs is the code that was loaded then.
    """
    package = Path(__file__).resolve().parents[1]  # all of it: data and methods decide a run as well

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", package, *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", "__init__.py")  # a checkout of this code, not one that it is installed in
        changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":(exclude)widgets")
        return git("rev-parse", "--short=12", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
