"""FER-2013 (Goodfellow et al. 2013): faces with one of seven expressions, in the file of its competition."""

import csv

import numpy as np
import torch
import torch.nn.functional as F

from ..errors import InputError
from .dataset import Dataset, find

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
ADVICE = "put the fer2013.csv of the competition (columns emotion, pixels, Usage) there"


def read_fer2013() -> Dataset:
    """The Training rows, and the PrivateTest rows for testing (28,709 and 3,589 in the whole file).

    As in the paper (sec. 4.2), 48 x 48 grey images become 32 x 32 with the one channel repeated: ``(N, 3, 32, 32)``.
    The PublicTest rows, if there are any, are the validation images: for choices, neither trained nor tested on.
    """
    path = find(("fer2013.csv", "fer2013/fer2013.csv", "fer2013-part/fer2013.csv"), ADVICE)
    faces: dict[str, list[np.ndarray]] = {"Training": [], "PublicTest": [], "PrivateTest": []}
    labels: dict[str, list[int]] = {usage: [] for usage in faces}
    try:
        with path.open(newline="") as file:
            for number, row in enumerate(csv.DictReader(file), start=2):
                pixels, label = np.array(row["pixels"].split(), np.uint8), int(row["emotion"])
                if len(pixels) != 48 * 48 or not 0 <= label < len(CLASSES):
                    raise ValueError(f"{len(pixels)} pixels, emotion {label}")
                faces[row["Usage"].strip()].append(pixels)
                labels[row["Usage"].strip()].append(label)
        if not faces["Training"] or not faces["PrivateTest"]:
            raise ValueError("no row for training or none for testing")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, csv.Error) as error:
        where = f" in line {number + 1 if isinstance(error, csv.Error) else number}" if "number" in locals() else ""
        raise InputError(
            f"{path} is damaged{where} ({error}): expected columns emotion (0 to 6), pixels (48 x 48 numbers from 0 to 255) "
            f"and Usage (Training, PublicTest or PrivateTest); {ADVICE}."
        ) from error
    train, test, validation = (
        (_small_colour(np.stack(faces[usage])), torch.tensor(labels[usage])) if faces[usage] else (None, None)
        for usage in ("Training", "PrivateTest", "PublicTest")
    )
    return Dataset("fer2013", *train, *test, CLASSES, True, *validation)


def _small_colour(faces: np.ndarray) -> torch.Tensor:
    x = torch.from_numpy(faces.reshape(-1, 1, 48, 48)).float()
    x = F.interpolate(x, size=(32, 32), mode="bilinear", antialias=True)
    return x.round().clamp(0, 255).to(torch.uint8).expand(-1, 3, -1, -1).contiguous()
