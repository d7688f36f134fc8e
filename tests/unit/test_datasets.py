"""Each reader on files in the layout in which its set is really distributed, made here, small where the format allows."""

import os
import pickle
import random

import numpy as np
import pytest
import torch
from PIL import Image

import sgutils as sg
from sgutils.data import cifar

RNG = np.random.default_rng(0)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to stand in, whose data/raw is the only place where files can be found."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sgutils.data.dataset.data_folder", lambda: tmp_path / "nowhere")
    (tmp_path / "data" / "raw").mkdir(parents=True)
    return tmp_path / "data" / "raw"


@pytest.fixture(autouse=True)
def few_rows(monkeypatch):
    """CIFAR of 50 + 10 rows instead of 50,000 + 10,000: the format has no other size in it."""
    real = cifar._read
    monkeypatch.setattr(cifar, "_read", lambda path, rows, *more: real(path, rows // 1000, *more))


def cifar_rows(n, classes):
    return RNG.integers(0, 256, (n, 3072), dtype=np.uint8), RNG.integers(0, classes, n).tolist()


def write_cifar10(root, version):
    x, y = cifar_rows(60, 10)
    folder = root / f"cifar-10-batches-{version}"
    folder.mkdir()
    for index, name in enumerate([f"data_batch_{k}" for k in range(1, 6)] + ["test_batch"]):
        part, labels = x[10 * index :][:10], y[10 * index :][:10]
        if version == "py":
            (folder / name).write_bytes(pickle.dumps({b"data": part, b"labels": labels}, protocol=2))
        else:
            rows = np.concatenate([np.array(labels, np.uint8)[:, None], part], axis=1)
            (folder / f"{name}.bin").write_bytes(rows.tobytes())
    return folder, x, y


def write_cifar100(root, version):
    x, y = cifar_rows(60, 100)
    folder = root / f"cifar-100-{version}"
    folder.mkdir()
    names = [f"thing{label}".encode() for label in range(100)]
    for name, rows in (("train", slice(0, 50)), ("test", slice(50, 60))):
        if version == "python":
            batch = {b"data": x[rows], b"fine_labels": y[rows], b"coarse_labels": [0] * len(y[rows])}
            (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
            (folder / "meta").write_bytes(pickle.dumps({b"fine_label_names": names}, protocol=2))
        else:
            coarse = np.full((len(y[rows]), 1), 7, np.uint8)
            table = np.concatenate([coarse, np.array(y[rows], np.uint8)[:, None], x[rows]], axis=1)
            (folder / f"{name}.bin").write_bytes(table.tobytes())
            (folder / "fine_label_names.txt").write_bytes(b"\n".join(names) + b"\n")
    return folder, x, y


@pytest.mark.filterwarnings("ignore:.*not the official file")
@pytest.mark.parametrize(
    ("name", "write", "version"),
    [
        ("cifar10", write_cifar10, "py"),
        ("cifar10", write_cifar10, "bin"),
        ("cifar100", write_cifar100, "python"),
        ("cifar100", write_cifar100, "binary"),
    ],
)
def test_cifar_in_both_versions(here, name, write, version):
    _, x, y = write(here, version)
    dataset = sg.load_dataset(name)
    assert dataset.train_x.shape == (50, 3, 32, 32) and dataset.test_x.shape == (10, 3, 32, 32)
    read = torch.cat([dataset.train_x, dataset.test_x]).numpy().reshape(60, -1)
    assert np.array_equal(read, x) and torch.cat([dataset.train_y, dataset.test_y]).tolist() == y
    assert dataset.num_classes == (10 if name == "cifar10" else 100) and dataset.channels == 3
    assert dataset.classes[3] == ("cat" if name == "cifar10" else "thing3")


@pytest.mark.filterwarnings("ignore:.*batch.*not the official file")
def test_a_file_that_is_not_the_official_one_is_said_to_be_so(here):
    write_cifar10(here, "py")
    with pytest.warns(UserWarning, match="data_batch_1 can be read but is not the official file"):
        sg.load_dataset("cifar10")


def test_the_official_checksums_are_torchvisions():
    from torchvision.datasets import CIFAR10, CIFAR100

    theirs = {
        f"{kind.base_folder}/{name}": md5
        for kind in (CIFAR10, CIFAR100)
        for name, md5 in kind.train_list + kind.test_list
    } | {f"{CIFAR100.base_folder}/{CIFAR100.meta['filename']}": CIFAR100.meta["md5"]}
    assert theirs == {name: md5 for name, md5 in cifar.OFFICIAL.items() if name in theirs} and len(theirs) == 9


@pytest.mark.parametrize(
    ("name", "write", "version", "files"),
    [
        ("cifar10", write_cifar10, "py", 6),
        ("cifar10", write_cifar10, "bin", 6),
        ("cifar100", write_cifar100, "python", 3),
        ("cifar100", write_cifar100, "binary", 3),
    ],
)
def test_a_checksum_covers_every_file_that_is_read(here, name, write, version, files):
    write(here, version)
    with pytest.warns(UserWarning) as said:
        sg.load_dataset(name)
    assert len([str(each.message) for each in said if "not the official file" in str(each.message)]) == files


@pytest.mark.filterwarnings("ignore:.*not the official file")
@pytest.mark.tried(
    "Files of CIFAR, FER-2013 and RAF-DB that are missing, damaged or malicious",
    "Refused in one sentence, or harmless; none runs code.",
)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({b"data": np.full((10, 3072), 0.5)}, "pixels of type float64"),
        ({b"data": np.full((10, 3072), 300)}, "pixels from 300 to 300"),
        ({b"data": np.full((10, 3072), -1)}, "pixels from -1 to -1"),
        ({b"labels": [256] * 10}, "labels from 256 to 256"),
        ({b"labels": [1.5] * 10}, "labels of type float64"),
    ],
)
def test_numbers_that_are_no_pixels_or_labels_are_refused_not_wrapped(here, change, words):
    folder, x, y = write_cifar10(here, "py")
    batch = {b"data": x[:10], b"labels": y[:10]} | change
    (folder / "data_batch_1").write_bytes(pickle.dumps(batch, protocol=2))
    with pytest.raises(sg.InputError, match=f"data_batch_1 is damaged .{words}"):
        sg.load_dataset("cifar10")


@pytest.mark.filterwarnings("ignore:.*not the official file")
@pytest.mark.parametrize("version", ["py", "bin"])
@pytest.mark.parametrize("named", ["the folder around it", "raw around it", "the folder itself"])
def test_cifar_is_found_in_any_folder_that_is_named(here, version, named, tmp_path, monkeypatch):
    place = tmp_path / "elsewhere"
    (place / "raw").mkdir(parents=True)
    folder, x, _ = write_cifar10(place / "raw" if named == "raw around it" else place, version)
    if named == "the folder itself":
        place = folder.rename(tmp_path / "my pictures")
    monkeypatch.setenv("SGUTILS_DATA", str(place))
    dataset = sg.load_dataset("cifar10")
    assert np.array_equal(dataset.train_x.numpy().reshape(50, -1), x[:50])


def test_where_a_folder_is_named_nothing_else_is_looked_at(here, tmp_path, monkeypatch):
    write_cifar10(here, "py")
    monkeypatch.setenv("SGUTILS_DATA", str(tmp_path / "data"))
    with pytest.warns(UserWarning, match="not the official file"):
        sg.load_dataset("cifar10")
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("SGUTILS_DATA", str(tmp_path / "empty"))
    with pytest.raises(
        sg.InputError, match=f"was not found under {tmp_path / 'empty'} or {tmp_path / 'empty'}/raw: unpack"
    ):
        sg.load_dataset("cifar10")
    monkeypatch.setenv("SGUTILS_DATA", str(tmp_path / "no such"))
    with pytest.raises(sg.InputError, match="no such is not a folder: --data, or the variable SGUTILS_DATA"):
        sg.load_dataset("cifar10")


class Malice:
    def __reduce__(self):
        return (os.mkdir, ("pwned",))


@pytest.mark.filterwarnings("ignore:.*not the official file")
@pytest.mark.tried(
    "Files of CIFAR, FER-2013 and RAF-DB that are missing, damaged or malicious",
    "Refused in one sentence, or harmless; none runs code.",
)
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        pickle.dumps(Malice(), protocol=2),
        pickle.dumps({b"data": 1}),
        pickle.dumps([1, 2]),
        b"\x80\x02}q\x00",
        None,
    ],
)
def test_a_missing_damaged_or_malicious_cifar_file_is_one_sentence_and_runs_nothing(here, content):
    folder, _, _ = write_cifar10(here, "py")
    (folder / "data_batch_2").unlink() if content is None else (folder / "data_batch_2").write_bytes(content)
    with pytest.raises(sg.InputError, match="data_batch_2 is (missing|damaged).*CIFAR-10") as caught:
        sg.load_dataset("cifar10")
    assert "\n" not in str(caught.value) and not os.path.exists("pwned")


@pytest.mark.filterwarnings("ignore:.*not the official file")
def test_any_single_flipped_bit_of_a_cifar_file_is_refused_in_one_sentence_or_harmless(here, capfd):
    folder, _, _ = write_cifar100(here, "python")
    layout = "cifar-100-python"
    uses = {"test": lambda: cifar._read(folder / "test", 10_000, "fine_labels", 2, 100, layout)[0].shape == (10, 3072)}
    uses["meta"] = lambda: len(cifar._fine_classes(folder, layout)) == 100
    for name, use in uses.items():
        content, refused, draw = (folder / name).read_bytes(), 0, random.Random(0)
        around_the_pixels = [*range(250), *range(len(content) - 150, len(content))]
        for _ in range(300):
            damaged = bytearray(content)
            damaged[draw.choice(around_the_pixels)] ^= 1 << draw.randrange(8)
            (folder / name).write_bytes(damaged)
            try:
                assert use()
            except sg.InputError as error:
                refused += 1
                assert f"{name} is " in str(error) and "damaged" in str(error) and "\n" not in str(error)
        assert refused > 100
    assert capfd.readouterr().err == ""


def test_a_cut_binary_file_is_refused(here):
    folder, _, _ = write_cifar10(here, "bin")
    path = folder / "test_batch.bin"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(sg.InputError, match="test_batch.bin is damaged"), pytest.warns(UserWarning):
        sg.load_dataset("cifar10")


def write_fer(root, rows):
    lines = [f"{label},{' '.join(map(str, face.tolist()))},{usage}" for label, face, usage in rows]
    (root / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *lines, ""]))


def faces(n):
    return RNG.integers(0, 256, (n, 48 * 48))


def test_fer2013_rows_go_where_their_usage_says(here):
    usages = ["Training"] * 4 + ["PublicTest"] * 3 + ["PrivateTest"] * 2
    images = faces(9)
    write_fer(here, [(k % 7, face, usage) for k, (face, usage) in enumerate(zip(images, usages, strict=True))])
    dataset = sg.load_dataset("fer2013")
    assert dataset.train_x.shape == (4, 3, 32, 32) and dataset.test_x.shape == (2, 3, 32, 32)
    assert dataset.train_y.tolist() == [0, 1, 2, 3] and dataset.test_y.tolist() == [0, 1]
    assert (dataset.train_x[:, 0] == dataset.train_x[:, 2]).all()


def test_fer2013_in_its_other_file_with_other_columns_capitals_and_a_mark_of_its_encoding(here):
    images = faces(3)
    usages = ["Training", " PublicTest", "privatetest "]
    lines = [
        f"{usage},{k},{' '.join(map(str, face.tolist()))}"
        for k, (usage, face) in enumerate(zip(usages, images, strict=True))
    ]
    text = "\r\n".join([" Usage, EMOTION , pixels", *lines, ""])
    (here / "icml_face_data.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    dataset = sg.load_dataset("fer2013", validation_examples=1)
    assert (dataset.train_y.tolist(), dataset.validation_y.tolist(), dataset.test_y.tolist()) == ([0], [1], [2])
    write_fer(here, [(k, face, usage) for k, (face, usage) in enumerate(zip(images, usages, strict=True))])
    assert torch.equal(sg.load_dataset("fer2013").train_x, dataset.train_x), "the first file holds the same"


def test_fer2013_with_a_column_twice_is_one_sentence(here):
    face = " ".join(["1"] * 2304)
    (here / "icml_face_data.csv").write_text(
        f"emotion,pixels,Usage,Emotion\n1,{face},Training,2\n1,{face},PrivateTest,2\n"
    )
    with pytest.raises(sg.InputError, match="of one name are two of the columns emotion, pixels, usage, emotion"):
        sg.load_dataset("fer2013")


def test_fer2013_is_scaled_as_pillow_scales(here):
    images = faces(2).astype(np.uint8)
    write_fer(here, [(0, images[0], "Training"), (1, images[1], "PrivateTest")])
    pillow = np.asarray(Image.fromarray(images[0].reshape(48, 48)).resize((32, 32), Image.Resampling.BILINEAR))
    difference = np.abs(sg.load_dataset("fer2013").train_x[0, 0].numpy().astype(int) - pillow)
    assert difference.max() <= 1


@pytest.mark.tried(
    "Files of CIFAR, FER-2013 and RAF-DB that are missing, damaged or malicious",
    "Refused in one sentence, or harmless; none runs code.",
)
@pytest.mark.parametrize(
    "row",
    ["9,{p},Training", "x,{p},Training", "1,1 2 3,Training", "1,{p},Holiday", "1", "1,{p} 300,Training", ""],
)
def test_a_damaged_fer2013_is_one_sentence(here, row):
    pixels = " ".join(["7"] * (48 * 48))
    (here / "fer2013.csv").write_text(f"emotion,pixels,Usage\n1,{pixels},Training\n{row.format(p=pixels)}\n")
    with pytest.raises(sg.InputError, match="fer2013.csv is damaged.*emotion") as caught:
        sg.load_dataset("fer2013")
    assert "\n" not in str(caught.value)


def write_raf(root):
    basic = root / "raf-db" / "basic"
    (basic / "EmoLabel").mkdir(parents=True)
    (basic / "Image" / "aligned").mkdir(parents=True)
    names = [f"train_{k:05d}.jpg" for k in range(1, 5)] + [f"test_{k:04d}.jpg" for k in range(1, 4)]
    (basic / "EmoLabel" / "list_patition_label.txt").write_text(
        "".join(f"{n} {k % 7 + 1}\n" for k, n in enumerate(names))
    )
    for k, name in enumerate(names):
        image = Image.new("RGB", (100, 100), (30 * k, 100, 200 - 20 * k))
        image.save(basic / "Image" / "aligned" / name.replace(".jpg", "_aligned.jpg"), quality=95)
    return basic


def test_raf_db_in_its_official_layout(here):
    write_raf(here)
    dataset = sg.load_dataset("raf-db")
    assert dataset.train_x.shape == (4, 3, 32, 32) and dataset.test_x.shape == (3, 3, 32, 32)
    assert dataset.train_y.tolist() == [0, 1, 2, 3] and dataset.test_y.tolist() == [4, 5, 6]
    red = dataset.train_x[:, 0].float().mean((1, 2))
    assert (red - torch.tensor([0.0, 30.0, 60.0, 90.0])).abs().max() < 4


@pytest.mark.tried(
    "Files of CIFAR, FER-2013 and RAF-DB that are missing, damaged or malicious",
    "Refused in one sentence, or harmless; none runs code.",
)
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda b: (b / "EmoLabel" / "list_patition_label.txt").unlink(), "list_patition_label.txt is missing"),
        (lambda b: (b / "EmoLabel" / "list_patition_label.txt").write_text("train_1.jpg 9"), "damaged.*class 9"),
        (lambda b: (b / "EmoLabel" / "list_patition_label.txt").write_text("train_1.jpg"), "damaged"),
        (
            lambda b: (b / "Image" / "aligned" / "train_00002_aligned.jpg").unlink(),
            "train_00002_aligned.jpg is missing",
        ),
        (
            lambda b: (b / "Image" / "aligned" / "test_0001_aligned.jpg").write_bytes(b"no"),
            "test_0001_aligned.jpg is damaged",
        ),
    ],
)
def test_a_damaged_raf_db_is_one_sentence_with_where_to_get_it(here, spoil, words):
    spoil(write_raf(here))
    with pytest.raises(sg.InputError, match=words + ".*licence") as caught:
        sg.load_dataset("raf-db")
    assert "\n" not in str(caught.value)


@pytest.mark.tried(
    "Files of CIFAR, FER-2013 and RAF-DB that are missing, damaged or malicious",
    "Refused in one sentence, or harmless; none runs code.",
)
@pytest.mark.parametrize("name", ["cifar10", "cifar100", "fer2013", "raf-db"])
def test_a_missing_set_says_where_to_put_it(here, name):
    with pytest.raises(sg.InputError, match="not found under (.*): .*(unpack|put)") as caught:
        sg.load_dataset(name)
    assert str(here) in str(caught.value) and "with --data" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert ("or run pip install torchvision and then python -c" in str(caught.value)) == name.startswith("cifar")
