import gzip
import hashlib
import shutil

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch.utils._python_dispatch import TorchDispatchMode

import sgutils as sg
from sgutils.data.dataset import Normalizer
from sgutils.folders import data_folder


@pytest.fixture
def damaged_fashion(tmp_path, monkeypatch):
    """A copy of the shipped files in a place of its own, for a test to damage."""
    folder = tmp_path / "fashion-mnist"
    shutil.copytree(data_folder() / "fashion-mnist", folder)
    monkeypatch.setattr("sgutils.data.fashion_mnist.data_folder", lambda: tmp_path)
    return folder


def test_digits_are_scikit_learns_split_without_overlap():
    digits, (images, labels) = sg.load_dataset("digits"), load_digits(return_X_y=True)
    assert (len(digits.train_x), len(digits.test_x)) == (1438, 359) and digits.classes == tuple("0123456789")
    pixels = lambda x: {hashlib.sha1(image.tobytes()).digest() for image in x.numpy()}
    assert not pixels(digits.train_x) & pixels(digits.test_x)
    assert digits.train_y.bincount().sum() + digits.test_y.bincount().sum() == len(labels)
    np.testing.assert_allclose(digits.test_x[0, 0].float() * 16 / 255, images[4].reshape(8, 8), atol=0.04)
    assert digits.test_y[0] == labels[4]


def test_the_shipped_fashion_images_are_balanced_and_real():
    fashion = sg.load_dataset("fashion-mnist")
    assert fashion.train_x.shape == fashion.test_x.shape == (4000, 1, 28, 28)
    for x, y in ((fashion.train_x, fashion.train_y), (fashion.test_x, fashion.test_y)):
        assert x.dtype == torch.uint8 and y.dtype == torch.int64
        assert y.bincount().tolist() == [400] * 10
        assert len({image.numpy().tobytes() for image in x}) > 3990
    assert fashion.num_classes == 10 and fashion.channels == 1 and fashion.hflip


def test_subsets_are_as_even_over_the_classes_as_they_can_be():
    some = sg.load_dataset("fashion-mnist", train_examples=1283, test_examples=10)
    assert sorted(some.train_y.bincount().tolist()) == [128] * 7 + [129] * 3
    assert some.test_y.bincount().tolist() == [1] * 10


def test_smaller_images_are_means_of_areas():
    full, half = sg.load_dataset("fashion-mnist"), sg.load_dataset("fashion-mnist", image_size=14)
    means = full.train_x.reshape(4000, 1, 14, 2, 14, 2).float().mean((3, 5))
    assert (half.train_x.float() - means).abs().max() <= 0.5


def test_normalised_training_images_have_mean_zero_and_deviation_one():
    digits = sg.load_dataset("digits")
    x = digits.normalizer()(digits.train_x)
    assert abs(x.mean()) < 1e-5 and abs(x.std() - 1) < 1e-4


def test_the_normalizer_is_exact_and_holds_few_images_as_floats():
    class Floats(TorchDispatchMode):
        most = 0

        def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
            result = operation(*args, **(kwargs or {}))
            if isinstance(result, torch.Tensor) and result.is_floating_point():
                self.most = max(self.most, result.numel())
            return result

    x = torch.randint(256, (3000, 2, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)) // 9 + 200
    with Floats() as floats:
        normalizer = Normalizer.of(x)
    assert floats.most <= x.numel() / 4
    pixels = x.numpy().astype(np.float64)
    assert normalizer.mean.tolist() == pixels.mean((0, 2, 3)).astype(np.float32).tolist()
    assert normalizer.std.tolist() == pytest.approx(pixels.std((0, 2, 3), ddof=1).tolist(), rel=1e-6)


def augmented(images, *, pad, hflip, seed):
    """The images after one epoch of a loader that shifts and flips, in their order and in float."""
    same = Normalizer(torch.zeros(images.shape[1]), torch.ones(images.shape[1]))
    indices = torch.arange(len(images))
    loader = sg.ImageLoader(images, indices, normalizer=same, batch_size=512, seed=seed, pad=pad, hflip=hflip)
    x, index = (torch.cat(part) for part in zip(*loader, strict=True))
    return x[index.argsort()]


def test_augmented_images_are_shifts_and_mirrors_of_their_originals():
    """Every output must be one of the (2 pad + 1)^2 crops of the padded image or its mirror, found by search."""
    images = torch.randn(40, 2, 6, 5, generator=torch.Generator().manual_seed(0))
    out = augmented(images, pad=2, hflip=True, seed=1)
    seen = set()
    for original, shifted in zip(images, out, strict=True):
        padded = np.pad(original.numpy(), ((0, 0), (2, 2), (2, 2)))
        crops = {
            (top, left, mirror): np.flip(crop, 2) if mirror else crop
            for top in range(5)
            for left in range(5)
            for crop in [padded[:, top : top + 6, left : left + 5]]
            for mirror in (False, True)
        }
        matches = [key for key, crop in crops.items() if np.array_equal(crop, shifted.numpy())]
        assert len(matches) == 1
        seen.add(matches[0])
    assert {mirror for *_, mirror in seen} == {False, True} and len(seen) > 15


def test_every_shift_is_equally_likely_and_unmirrored_sets_stay_so():
    ramp = torch.arange(1.0, 10.0).view(1, 1, 3, 3).expand(9000, 1, 3, 3)
    out = augmented(ramp, pad=1, hflip=False, seed=0)
    _, counts = torch.unique(out.reshape(9000, -1), dim=0, return_counts=True)
    assert len(counts) == 9 and (counts - 1000).abs().max() < 5 * (9000 * (1 / 9) * (8 / 9)) ** 0.5


def test_augmentation_repeats_with_its_seed():
    images = torch.randn(4, 1, 8, 8)
    one, two = (augmented(images, pad=1, hflip=True, seed=5) for _ in range(2))
    assert torch.equal(one, two)


def loader(**more):
    same = Normalizer(torch.zeros(1), torch.ones(1))
    return sg.ImageLoader(torch.zeros(8, 1, 8, 8, dtype=torch.uint8), torch.zeros(8), normalizer=same, **more)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sg.load_dataset("mnist"), "Unknown dataset 'mnist'.*digits"),
        (lambda: sg.load_dataset("digits", train_examples=0), "1 to 1438, not 0"),
        (lambda: sg.load_dataset("digits", train_examples=5000), "1 to 1438, not 5000"),
        (lambda: sg.load_dataset("digits", test_examples=360), "1 to 359"),
        (lambda: sg.load_dataset("digits", image_size=2), "image_size.*2"),
        (lambda: loader(batch_size=0), "batch_size.*at least 1, not 0"),
        (lambda: loader(batch_size=8, seed=-1), "seed.*at least 0, not -1"),
        (lambda: loader(batch_size=8, device="gpu"), "'gpu' is not a device"),
    ],
)
def test_bad_input_is_one_sentence(call, words):
    with pytest.raises(sg.InputError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


def damage(kind, path):
    content = path.read_bytes()
    if kind == "missing":
        path.unlink()
    elif kind == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif kind == "flipped":
        path.write_bytes(content[:5000] + bytes([content[5000] ^ 0xFF]) + content[5001:])
    elif kind == "short inside":
        path.write_bytes(gzip.compress(gzip.decompress(content)[:-100]))
    elif kind == "no idx":
        path.write_bytes(gzip.compress(b"hello world"))
    elif kind == "empty":
        path.write_bytes(b"")


@pytest.mark.parametrize("kind", ["missing", "cut", "flipped", "short inside", "no idx", "empty"])
def test_a_missing_or_damaged_file_is_named_with_what_to_do(kind, damaged_fashion):
    path = damaged_fashion / "train-images-idx3-ubyte.gz"
    damage(kind, path)
    with pytest.raises(sg.InputError, match="(?s)train-images.*(missing|damaged).*ships with the book") as caught:
        sg.load_dataset("fashion-mnist")
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_labels_of_another_file_are_refused(damaged_fashion):
    labels = damaged_fashion / "train-labels-idx1-ubyte.gz"
    header_and_rest = gzip.decompress(labels.read_bytes())
    labels.write_bytes(gzip.compress(header_and_rest[:4] + (100).to_bytes(4, "big") + header_and_rest[8:108]))
    with pytest.raises(sg.InputError, match="do not belong together"):
        sg.load_dataset("fashion-mnist")


def test_the_whole_fashion_mnist_says_how_to_get_it_where_it_is_missing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sgutils.data.dataset.data_folder", lambda: tmp_path / "nowhere")
    monkeypatch.setattr("sgutils.data.fashion_mnist.DEBIAN", tmp_path / "nowhere")
    with pytest.raises(
        sg.InputError, match="not found.*dataset-fashion-mnist.*pip install torchvision and then python -c"
    ):
        sg.load_dataset("fashion-mnist-full")
