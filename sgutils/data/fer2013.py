"""FER-2013 (Goodfellow et al. 2013): faces with one of seven expressions, in the file of its competition."""

import csv
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from ..errors import InputError
from .dataset import Dataset, find

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
FILES = ("fer2013.csv", "icml_face_data.csv")  # of the first and of the second way in which it was given out
FOLDERS = ("", "fer2013/", "fer2013-part/")
USAGES = {"training": "train", "publictest": "validation", "privatetest": "test"}
ADVICE = "put the fer2013.csv or icml_face_data.csv of the competition (columns emotion, pixels, Usage) there"


def read_fer2013() -> Dataset:
    """The Training rows, and the PrivateTest rows for testing (28,709 and 3,589 in the whole file).

    As in the paper (sec. 4.2), 48 x 48 grey images become 32 x 32 with the one channel repeated: ``(N, 3, 32, 32)``.
    The PublicTest rows, if there are any, are the validation images: for choices, neither trained nor tested on.
    """
    path = find(tuple(folder + file for folder in FOLDERS for file in FILES), ADVICE)
    faces: dict[str, list[np.ndarray]] = {part: [] for part in USAGES.values()}
    labels: dict[str, list[int]] = {part: [] for part in USAGES.values()}
    number = 0
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.reader(file)
            columns = [name.strip().lower() for name in next(rows, [])]
            if len(set(columns)) < len(columns):
                raise ValueError(f"of one name are two of the columns {', '.join(columns)}")
            for row in filter(None, rows):
                number = rows.line_num
                part, face, label = _row(dict(zip(columns, row, strict=True)))
                faces[part].append(face)
                labels[part].append(label)
        number = 0
        if not faces["train"] or not faces["test"]:
            raise ValueError("no row for training or none for testing")
    except (OSError, ValueError, KeyError, OverflowError, csv.Error) as error:
        where = f" in line {number + isinstance(error, csv.Error)}" if number else ""
        raise InputError(
            f"{path} is damaged{where} ({error}): expected columns emotion (0 to 6), pixels (48 x 48 numbers from 0 to 255) "
            f"and Usage (Training, PublicTest or PrivateTest); {ADVICE}."
        ) from error
    tensors: dict[str, Any] = {f"{part}_x": _small_colour(np.stack(pixels)) for part, pixels in faces.items() if pixels}
    tensors |= {f"{part}_y": torch.tensor(each) for part, each in labels.items() if each}
    return Dataset("fer2013", **tensors, classes=CLASSES, hflip=True)


def _row(cells: dict[str, str]) -> tuple[str, np.ndarray, int]:
    """The part, the ``(2304,)`` pixels and the class of one face."""
    pixels, label = np.array(cells["pixels"].split(), np.uint8), int(cells["emotion"])
    if len(pixels) != 48 * 48 or not 0 <= label < len(CLASSES):
        raise ValueError(f"{len(pixels)} pixels, emotion {label}")
    return USAGES[cells["usage"].strip().lower()], pixels, label


def _small_colour(faces: np.ndarray) -> torch.Tensor:
    x = torch.from_numpy(faces.reshape(-1, 1, 48, 48)).float()
    x = F.interpolate(x, size=(32, 32), mode="bilinear", antialias=True)
    return x.round().clamp(0, 255).to(torch.uint8).expand(-1, 3, -1, -1).contiguous()
