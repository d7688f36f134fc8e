"""The data sets, by name: each a function that reads its files. A new one is a file beside these and one line here."""

from collections.abc import Callable

from .cifar import read_cifar10, read_cifar100
from .dataset import Dataset
from .digits import read_digits
from .fashion_mnist import read_fashion_mnist, read_fashion_mnist_full
from .fer2013 import read_fer2013
from .raf_db import read_raf_db

DATASETS: dict[str, Callable[[], Dataset]] = {
    "digits": read_digits,
    "fashion-mnist": read_fashion_mnist,
    "fashion-mnist-full": read_fashion_mnist_full,
    "cifar10": read_cifar10,
    "cifar100": read_cifar100,
    "fer2013": read_fer2013,
    "raf-db": read_raf_db,
}
