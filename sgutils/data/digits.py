"""The handwritten digits of scikit-learn: 1,797 images of 8 x 8, nothing to download."""

import numpy as np
import torch

from ..errors import InputError
from .dataset import Dataset


def read_digits() -> Dataset:
    """1,438 training and 359 test images, ``(N, 1, 8, 8)``."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise InputError(
            "The digits are inside scikit-learn, which is not installed: pip install scikit-learn."
        ) from error
    images, labels = load_digits(return_X_y=True)
    x = torch.from_numpy((images.reshape(-1, 1, 8, 8) * 255 / 16).round().astype(np.uint8))
    y = torch.from_numpy(labels.astype(np.int64))
    # Every fifth image is for testing: writers follow one another in the file, so both parts hold all of them.
    test = torch.arange(len(x)) % 5 == 4
    return Dataset("digits", x[~test], y[~test], x[test], y[test], tuple("0123456789"), hflip=False)
