"""Folders of pictures as people have them, read as a person sees them, or refused in one sentence."""

import builtins
import os
import threading
import warnings

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps, PngImagePlugin
from support.pictures import COLORS, write_pictures
from torchvision.transforms import functional as torchvision

import sgutils as sg
from sgutils.data.images import read_image

RNG = np.random.default_rng(0)


def random_image(width, height):
    return Image.fromarray(RNG.integers(0, 256, (height, width, 3), dtype=np.uint8))


def load(root, **more):
    return sg.load_dataset(f"folder:{root}", **more)


def test_one_level_of_class_folders_is_split_evenly_and_always_the_same(tmp_path):
    write_pictures(tmp_path / "p")
    one, other = load(tmp_path / "p"), load(tmp_path / "p")
    assert one.classes == ("blue", "green", "red") and one.name == f"folder:{tmp_path / 'p'}"
    assert one.train_y.bincount().tolist() == [8, 8, 8] and one.test_y.bincount().tolist() == [2, 2, 2]
    assert torch.equal(one.test_x, other.test_x) and torch.equal(one.train_x, other.train_x)
    everything = torch.cat([one.train_x, one.test_x])
    assert len({image.numpy().tobytes() for image in everything}) == 30, "each picture is in one part"
    for label, color in enumerate(COLORS.values()):
        mean = one.train_x[one.train_y == label].float().mean((0, 2, 3))
        assert (mean - torch.tensor(color)).abs().max() < 5


@pytest.mark.parametrize("names", [("train", "val"), ("train", "test"), ("Training", "valid")])
def test_folders_of_the_parts_are_the_parts(names, tmp_path):
    for number, name in enumerate(names):
        write_pictures(tmp_path / name, per_class=4 - number, seed=number)
    dataset = load(tmp_path)
    assert (len(dataset.train_y), len(dataset.test_y), dataset.validation_x) == (12, 9, None)


def test_with_three_parts_val_is_for_choices(tmp_path):
    for number, name in enumerate(("train", "val", "test")):
        write_pictures(tmp_path / name, per_class=4 - number, seed=number)
    for asked, held_out in ((6, 6), (None, 9)):
        dataset = load(tmp_path, validation_examples=asked)
        assert (len(dataset.train_y), len(dataset.test_y), len(dataset.validation_y)) == (12, 6, held_out)


def test_images_of_different_sizes_are_scaled_and_cut_as_torchvision_does(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    shapes = [(40, 30), (17, 64), (9, 9), (64, 64)]
    images = [random_image(*shape) for shape in shapes]
    for name in ("a", "b"):
        for number, image in enumerate(images):
            image.save(tmp_path / name / f"{number}.png")
    for number, image in enumerate(images):
        expected = torchvision.center_crop(torchvision.resize(image, 16), [16, 16])
        assert np.array_equal(read_image(tmp_path / "a" / f"{number}.png", (16, 16)), np.asarray(expected))
    assert load(tmp_path, image_size=16).train_x.shape[1:] == (3, 16, 16)
    with pytest.raises(sg.InputError, match=r"0.png is 40 x 30 pixels and .*1.png 17 x 64: say with --image-size"):
        load(tmp_path)


def test_pictures_of_one_size_stay_as_they_are_also_where_they_are_not_square(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(5):
            random_image(12, 20).save(tmp_path / name / f"{number}.png")
    assert load(tmp_path).train_x.shape == (8, 3, 20, 12)


COLOR = random_image(6, 4)
GREY = COLOR.convert("L")


def grey_alpha():
    image = Image.new("LA", (6, 4), (0, 0))
    image.paste(Image.new("LA", (3, 4), (100, 255)), (0, 0))
    return image


def colour_alpha():
    image = Image.new("RGBA", (6, 4), (255, 0, 0, 0))
    image.paste(Image.new("RGBA", (3, 4), (0, 0, 200, 128)), (0, 0))
    return image


def transparent_palette(path):
    image = Image.new("P", (6, 4), 1)
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.paste(0, (0, 0, 3, 4))
    image.save(path, transparency=0)


def transparent_sixteen_bits(path):
    deep = np.array([[7] * 3 + [100 * 257] * 3] * 4, np.uint16)
    Image.fromarray(deep).save(path, transparency=7)


def sixteen_bits():
    return Image.fromarray(np.asarray(GREY).astype(np.uint16) * 257)


@pytest.mark.tried(
    "Folders of pictures: other layouts, files that are not pictures, pictures that are rotated, grey, transparent or of 16 bits",
    "The picture as it is meant, or one sentence with the name of the file.",
)
@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (lambda path: COLOR.save(path), np.asarray(COLOR)),
        (lambda path: GREY.save(path), np.asarray(GREY)[:, :, None]),
        (lambda path: Image.new("1", (6, 4), 1).save(path), np.full((4, 6, 1), 255)),
        (lambda path: COLOR.quantize(24).save(path), np.asarray(COLOR.quantize(24).convert("RGB"))),
        (lambda path: sixteen_bits().save(path), np.asarray(GREY)[:, :, None]),
        (lambda path: grey_alpha().save(path), [[[100]] * 3 + [[255]] * 3] * 4),
        (lambda path: colour_alpha().save(path), [[[127, 127, 227]] * 3 + [[255] * 3] * 3] * 4),
        (transparent_palette, [[[255] * 3] * 3 + [[200, 100, 50]] * 3] * 4),
        (transparent_sixteen_bits, [[[255]] * 3 + [[100]] * 3] * 4),
    ],
    ids=[
        "colour",
        "grey",
        "1 bit",
        "palette",
        "16 bits",
        "grey alpha",
        "alpha",
        "transparent palette",
        "transparent 16 bits",
    ],
)
def test_every_kind_of_pixels_comes_out_right(write, expected, tmp_path):
    write(tmp_path / "x.png")
    found = read_image(tmp_path / "x.png")
    assert found.dtype == np.uint8 and found.shape == np.asarray(expected).shape
    assert np.abs(found.astype(int) - np.asarray(expected)).max() <= 1


@pytest.mark.tried(
    "Folders of pictures: other layouts, files that are not pictures, pictures that are rotated, grey, transparent or of 16 bits",
    "The picture as it is meant, or one sentence with the name of the file.",
)
@pytest.mark.parametrize("suffix", ["tif", "pgm"])
def test_sixteen_bits_in_other_formats(suffix, tmp_path):
    sixteen_bits().save(tmp_path / f"x.{suffix}")
    assert np.array_equal(read_image(tmp_path / f"x.{suffix}"), np.asarray(GREY)[:, :, None])


def test_cmyk_is_colour(tmp_path):
    Image.new("CMYK", (6, 4), (0, 255, 255, 0)).save(tmp_path / "x.jpg", quality=100)
    assert np.abs(read_image(tmp_path / "x.jpg").astype(int) - [255, 0, 0]).max() <= 4


@pytest.mark.tried(
    "Folders of pictures: other layouts, files that are not pictures, pictures that are rotated, grey, transparent or of 16 bits",
    "The picture as it is meant, or one sentence with the name of the file.",
)
@pytest.mark.parametrize("kind", ["png", "tif"])  # the second is turned by Pillow itself
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_stands_as_its_exif_says(orientation, kind, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = orientation
    COLOR.save(tmp_path / f"x.{kind}", exif=exif)
    with Image.open(tmp_path / f"x.{kind}") as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    assert np.array_equal(read_image(tmp_path / f"x.{kind}"), expected)


def test_grey_pictures_alone_have_one_channel_and_among_coloured_ones_three(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(5):
            GREY.save(tmp_path / name / f"{number}.png")
    assert load(tmp_path).channels == 1
    COLOR.save(tmp_path / "a" / "9.png")
    dataset = load(tmp_path)
    repeated = [image for image in torch.cat([dataset.train_x, dataset.test_x]) if torch.equal(image[0], image[2])]
    assert dataset.channels == 3 and len(repeated) == 10


def bomb(path):
    """A few bytes that say that they are 60,000 x 60,000 pixels."""
    header = b"\x00\x00\xea\x60\x00\x00\xea\x60\x08\x00\x00\x00\x00"
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        PngImagePlugin.putchunk(file, b"IHDR", header)
        PngImagePlugin.putchunk(file, b"IDAT", b"\x78\x9c\x03\x00\x00\x00\x00\x01")
        PngImagePlugin.putchunk(file, b"IEND", b"")


def cut(path):
    COLOR.resize((60, 40)).save(path)
    path.write_bytes(path.read_bytes()[:300])


@pytest.mark.tried(
    "Folders of pictures: other layouts, files that are not pictures, pictures that are rotated, grey, transparent or of 16 bits",
    "The picture as it is meant, or one sentence with the name of the file.",
)
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.write_text("notes"), "zz.png is not an image, or a damaged one"),
        (lambda path: path.write_bytes(b""), "zz.png is not an image"),
        (cut, "zz.png is not an image, or a damaged one"),
        (bomb, "zz.png (has|would have) .*pixels"),
        (os.mkfifo, "zz.png is not a file"),
        (lambda path: path.symlink_to("nowhere"), "zz.png cannot be read .No such file"),
        (lambda path: Image.new("F", (8, 8)).save(path, "TIFF"), "zz.png has pixels of 32 bits"),
        (lambda path: Image.new("RGB", (1, 60_000)).save(path), "zz.png would have 8 x 480000"),
    ],
    ids=["text", "empty", "cut", "bomb", "pipe", "dangling link", "float", "endless"],
)
def test_what_is_no_picture_is_one_sentence_with_its_name(spoil, words, tmp_path, monkeypatch):
    write_pictures(tmp_path)
    spoil(tmp_path / "green" / "zz.png")
    if "480000" in words:
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10**6)
    with pytest.raises(sg.InputError, match=words) as caught:
        load(tmp_path, image_size=8)
    assert "\n" not in str(caught.value)


def test_hidden_files_empty_folders_and_loops_are_ignored_and_said(tmp_path):
    write_pictures(tmp_path)
    (tmp_path / ".DS_Store").write_text("")
    (tmp_path / "red" / "Thumbs.db").write_text("")
    (tmp_path / "red" / "._000.png").write_text("")
    (tmp_path / "nothing").mkdir()
    (tmp_path / "red" / "around").symlink_to(tmp_path)
    (tmp_path / "red" / "more").mkdir()
    random_image(8, 8).save(tmp_path / "red" / "more" / "x.png")
    with pytest.warns(UserWarning) as said:
        dataset = load(tmp_path)
    text = str(said[0].message)
    assert len(said) == 1 and all(word in text for word in (".DS_Store", "Thumbs.db", "nothing", "around"))
    assert dataset.classes == ("blue", "green", "red") and len(dataset.train_y) + len(dataset.test_y) == 31


@pytest.mark.tried(
    "Folders of pictures: other layouts, files that are not pictures, pictures that are rotated, grey, transparent or of 16 bits",
    "The picture as it is meant, or one sentence with the name of the file.",
)
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda root: [*map(remove, (root / "red", root / "green"))], "has the class 'blue' alone, and two classes"),
        (lambda root: COLOR.save(root / "x.png"), "x.png is in no folder of its class"),
        (lambda root: (root / "train").mkdir(), "neither val nor test"),
        (
            lambda root: [(root / name).mkdir() for name in ("train", "test", "Test")],
            "Test and test, of which only one",
        ),
        (lambda root: remove(root), "missing: expected a folder with a folder of image files for each class"),
        (lambda root: (remove(root), root.write_text("")), "is not a folder"),
        (lambda root: os.rename(os.fsencode(root / "red"), os.fsencode(root) + b"/r\xe9d"), r"r\\xe9d names a class"),
    ],
)
def test_another_layout_is_one_sentence(spoil, words, tmp_path):
    root = write_pictures(tmp_path / "p")
    spoil(root)
    with pytest.raises(sg.InputError, match=words) as caught:
        load(root)
    str(caught.value).encode()
    assert "\n" not in str(caught.value)


def remove(path):
    import shutil

    shutil.rmtree(path)


def test_a_class_that_only_the_test_images_have_is_refused(tmp_path):
    write_pictures(tmp_path / "train")
    write_pictures(tmp_path / "test", classes=COLORS | {"white": (255, 255, 255)})
    with pytest.raises(sg.InputError, match="Class 'white' of .*test has no image in .*train"):
        load(tmp_path)


def test_a_file_whose_name_is_no_text_is_read_and_named(tmp_path):
    write_pictures(tmp_path)
    name = os.fsencode(tmp_path / "red") + b"/\xff.png"
    os.rename(tmp_path / "red" / "000.png", name)
    assert len(load(tmp_path).train_y) == 24
    with open(name, "w") as file:
        file.write("no image")
    with pytest.raises(sg.InputError, match=r"\\xff.png is not an image"):
        load(tmp_path)


@pytest.mark.tried(
    "Folders of pictures: other layouts, files that are not pictures, pictures that are rotated, grey, transparent or of 16 bits",
    "The picture as it is meant, or one sentence with the name of the file.",
)
@pytest.mark.parametrize("size", [0, 3, -8, 2.5, 10**6])
def test_an_absurd_image_size_is_one_sentence(size, tmp_path):
    write_pictures(tmp_path)
    with pytest.raises(sg.InputError, match="image_size must be a whole number from 4"):
        load(tmp_path, image_size=size)


def test_more_images_than_memory_holds_are_refused_before_they_are_read(tmp_path, monkeypatch):
    write_pictures(tmp_path)
    monkeypatch.setattr("sgutils.data.folder._MEMORY_SHARE", 1e-12)
    with pytest.raises(sg.InputError, match="30 images|24 images.*memory"):
        load(tmp_path)


def test_memory_is_counted_for_all_parts_and_the_copy_that_stacks_them(tmp_path, monkeypatch):
    for part in ("train", "val"):
        write_pictures(tmp_path / part)
    bytes_of_a_part = 30 * 8 * 8 * 3
    monkeypatch.setattr("sgutils.data.folder.os.sysconf", {"SC_PAGE_SIZE": 1, "SC_PHYS_PAGES": 6 * bytes_of_a_part}.get)
    with pytest.raises(sg.InputError, match="60 images.*memory"):
        load(tmp_path)


def test_without_pillow_the_install_line_is_named(tmp_path, monkeypatch):
    write_pictures(tmp_path)
    usual = builtins.__import__

    def without_pillow(name, *more):
        if name == "PIL":
            raise ImportError(name)
        return usual(name, *more)

    monkeypatch.setattr(builtins, "__import__", without_pillow)
    with pytest.raises(sg.InputError, match=r"sgutils\[data\]"):
        load(tmp_path)


def test_only_the_thread_that_starts_the_reading_touches_the_filters_of_warnings(tmp_path, monkeypatch):
    """They belong to the whole process: threads that put them back out of order lose them, but only sometimes."""
    for number in range(8):
        (tmp_path / "ab"[number % 2]).mkdir(exist_ok=True)
        Image.new("RGB", (20, 20)).save(tmp_path / "ab"[number % 2] / f"{number}.png")
    threads, catch_warnings = [], warnings.catch_warnings

    def watched(*args, **kwargs):
        threads.append(threading.current_thread())
        return catch_warnings(*args, **kwargs)

    monkeypatch.setattr(warnings, "catch_warnings", watched)
    sg.load_dataset(f"folder:{tmp_path}")
    assert threads and set(threads) == {threading.main_thread()}


def test_a_size_that_is_none_is_not_blamed_on_the_file(tmp_path):
    COLOR.save(tmp_path / "x.png")
    for size in ((0, 0), (8.5, 8), (-1, 4)):
        with pytest.raises(sg.InputError, match="the height must be a whole number"):
            read_image(tmp_path / "x.png", size)
    with pytest.raises(sg.InputError, match="path must be the path of an image file, not None"):
        read_image(None)
