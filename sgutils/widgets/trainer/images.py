"""The images that the page trains on: the subset of Fashion-MNIST that ships with the book, small and in one file.

Only the standard library is used, because the site that carries the file is built without torch.
"""

import gzip

from ...folders import data_folder

SIDE, TRAIN, TEST, CLASSES = 14, 4000, 1000, 10
FILES = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}


def fashion_mnist() -> bytes:
    """Training labels and pixels, then test labels and pixels, a byte each, gzipped; always the same bytes.

    They are those of ``load_dataset("fashion-mnist", image_size=14, test_examples=1000)``: areas of 2 x 2 pixels are
    averaged and rounded to even, and of the test images as many of each class are kept as come first.
    """
    parts = []
    for part, count in (("train", TRAIN), ("test", TEST)):
        pixels, labels = (
            gzip.decompress((data_folder() / "fashion-mnist" / file).read_bytes()) for file in FILES[part]
        )
        pixels, labels = pixels[16:], labels[8:]
        kept = _evenly(labels, count)
        parts.append(bytes(labels[i] for i in kept))
        parts += [_halved(pixels[784 * i : 784 * (i + 1)]) for i in kept]
    return gzip.compress(b"".join(parts), mtime=0)


def _evenly(labels: bytes, count: int) -> list[int]:
    """The places of the first images of each class, as many of each, in their own order."""
    seen, kept = [0] * CLASSES, []
    for i, label in enumerate(labels):
        if seen[label] < count // CLASSES:
            kept.append(i)
        seen[label] += 1
    return kept


_ROUNDED = [round(total / 4) for total in range(4 * 255 + 1)]


def _halved(image: bytes) -> bytes:
    rows = [image[28 * i : 28 * (i + 1)] for i in range(28)]
    halved = bytearray()
    for above, below in zip(rows[::2], rows[1::2], strict=True):
        four = zip(above[::2], above[1::2], below[::2], below[1::2], strict=True)
        halved += bytes(_ROUNDED[a + b + c + d] for a, b, c, d in four)
    return bytes(halved)
