"""Data sets, and the loader that yields mini-batches of them. A new set is a file beside these and a line in `registry`."""

from .dataset import Dataset
from .inputs import Inputs, load_inputs
from .loader import ImageLoader, loaders
from .loading import load_dataset
from .registry import DATASETS

__all__ = ["DATASETS", "Dataset", "ImageLoader", "Inputs", "load_dataset", "load_inputs", "loaders"]
