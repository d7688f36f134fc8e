"""RAF-DB (Li, Deng and Du 2017), the basic expressions: licensed faces, in the layout in which its makers send them."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..errors import InputError
from .dataset import Dataset, find

CLASSES = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
LIST = "EmoLabel/list_patition_label.txt"  # spelt so by its makers
ADVICE = f"ask the makers of RAF-DB for a licence and unpack its folder 'basic' (with Image/aligned and {LIST}) there"


def read_raf_db() -> Dataset:
    """The aligned faces, 12,271 for training and 3,068 for testing, scaled to ``(N, 3, 32, 32)`` (paper, sec. 4.2)."""
    folder = find(("raf-db/basic", "RAF-DB/basic", "basic"), ADVICE, inside=("EmoLabel",))
    rows = _rows(folder / LIST)
    parts: dict[str, Any] = {}
    for part in ("train", "test"):
        names = [(name, label) for name, label in rows if name.startswith(part + "_")]
        if not names:
            raise InputError(f"{folder / LIST} names no {part} image: {ADVICE}.")
        images = [_face(folder / "Image" / "aligned" / f"{Path(name).stem}_aligned.jpg") for name, _ in names]
        parts[f"{part}_x"] = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).contiguous()
        parts[f"{part}_y"] = torch.tensor([label for _, label in names])
    return Dataset("raf-db", **parts, classes=CLASSES, hflip=True)


def _rows(path: Path) -> list[tuple[str, int]]:
    """Image names and class indices from 0; the file counts classes from 1."""
    rows = []
    try:
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if line.strip():
                name, label = line.split()
                if not 1 <= int(label) <= len(CLASSES):
                    raise ValueError(f"line {number}: class {label}")
                rows.append((name, int(label) - 1))
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing: {ADVICE}.") from error
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} is damaged ({error}): expected lines such as 'train_00001.jpg 5'; {ADVICE}."
        ) from error
    return rows


def _face(path: Path) -> np.ndarray:
    try:
        from PIL import Image
    except ImportError as error:
        raise InputError(
            "RAF-DB is in JPEG files, which need Pillow, and it is not installed: pip install pillow."
        ) from error
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB").resize((32, 32), Image.Resampling.BILINEAR))
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing although {LIST} names it: {ADVICE}.") from error
    except (OSError, SyntaxError) as error:
        raise InputError(f"{path} is damaged: expected a JPEG image; {ADVICE}.") from error
