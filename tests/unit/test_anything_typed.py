"""Whatever is typed after `sgutils`, or lies in a file that it reads: an answer, or one sentence; some 3,600 cases."""

import contextlib
import io
import json
import os
import shutil
import struct
import zlib
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.anything import ANYTHING, JSONS, WORDS, cases, edited, outcome, without
from support.planted_runs import run as planted

import sgutils as sg
from sgutils.cli import COMMANDS, main
from sgutils.commands import train as train_command
from sgutils.data.images import read_image
from sgutils.export import deployed_network, inputs_of, trained_network
from sgutils.results.tables import beside_the_paper, measured
from sgutils.training.record import load_run
from sgutils.training.runs import evaluate

SMALL = [
    "--dataset",
    "digits",
    "--train-examples",
    "40",
    "--test-examples",
    "20",
    "--epochs",
    "1",
    "--model",
    "tiny",
]
OPTIONS = [
    *("dataset", "model", "method", "epochs", "batch-size", "lr", "momentum", "weight-decay", "seed", "image-size"),
    *("train-examples", "test-examples", "validation-examples", "schedule", "warmup-epochs", "pretrained", "precision"),
    *("from", "data", "lam", "tau", "p-last", "kl-direction", "bn-statistics", "scaling", "label-smoothing", "teacher"),
]
FLAGS = [
    "--augment",
    "--no-augment",
    "--no-detach-teacher",
    "--no-backward-full",
    "--no-averaged",
    "-h",
    "--help",
    "--",
    "-x",
]
PLACES = st.lists(st.integers(0, 30), min_size=1, max_size=4)

pytestmark = pytest.mark.tried(
    "Command lines of any words; files and folders of every kind; records and checkpoints edited by hand",
    "A right answer, or one sentence that says what is wrong.",
)


class Started(Exception):
    """In the place of a training: it would have begun."""


def typed(arguments):
    """The exit status of a command; where it is 2, the one sentence that it said has been looked at."""
    out, said = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said):
        try:
            status = main(arguments)
        except SystemExit as exit:
            status = exit.code
        except Started:
            status = 0
    assert status in (0, 2), (status, said.getvalue())
    if status == 2:
        lines = [line for line in said.getvalue().splitlines() if line.strip()]
        assert len(lines) == 1 and lines[0].startswith("sgutils"), said.getvalue()
    return status


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    """Files and folders of every kind that a path may lead to, a finished run among them."""
    home = tmp_path_factory.mktemp("zoo")
    sg.MODELS["tiny"] = lambda num_classes, in_channels: sg.resnet(8, num_classes, in_channels, widths=(4, 4, 4))
    config = sg.Config("digits", "tiny", "baseline", epochs=1, train_examples=40, test_examples=20)
    sg.train(config, home / "run", quiet=True)
    for name, content in {
        "empty": b"",
        "bytes": bytes(range(256)),
        "text": b"hello\n",
        "null.json": b"null",
        "deep.json": b"[" * 100_000,
        "object.json": b'{"config": {}}',
        "zip.pt": b"PK\3\4" + bytes(40),
        "part.pt": (home / "run" / "network.pt").read_bytes()[:5000],
        "a.safetensors": struct.pack("<Q", 8) + b'{"a": 1}',
        "é 名": b"x",
    }.items():
        (home / name).write_bytes(content)
    torch.save([1, 2], home / "list.pt")
    torch.save({"architecture": None, "weights": {}}, home / "nothing.pt")
    for name in ("folder", "ledger", "classes/cat", "classes/dog"):
        (home / name).mkdir(parents=True)
    shutil.copy(home / "run" / "result.json", home / "ledger" / "one.json")
    (home / "loop").symlink_to(home / "loop")
    (home / "dangling").symlink_to(home / "nowhere")
    os.mkfifo(home / "pipe")
    (home / os.fsdecode(b"\xff\xfe")).write_bytes(b"x")
    yield home
    del sg.MODELS["tiny"]


@pytest.fixture(scope="module")
def paths(zoo):
    inside = [*sorted(zoo.iterdir()), *sorted((zoo / "run").iterdir()), zoo / "text" / "in", zoo / "out.onnx"]
    return [*map(str, inside), "", ".", "/dev/null", "/dev/full", "x" * 300, "nowhere/at/all", "a\nb"]


@given(
    options=st.lists(st.tuples(st.sampled_from(OPTIONS), WORDS), max_size=3),
    flags=st.lists(st.sampled_from(FLAGS) | WORDS, max_size=1),
    method=st.sampled_from([None, *sg.METHODS]),
)
@cases(800)
def test_train_starts_or_is_refused_whatever_its_options_are(zoo, options, flags, method):
    def start(config, out, **more):
        json.dumps(config.as_dict(), allow_nan=False)
        raise Started

    words = [word for name, value in options for word in (f"--{name}", value)]
    before = [] if method is None else ["--method", method]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(train_command, "train", start)
        typed(["train", *SMALL, *before, *words, *flags, "--out", str(zoo / "new")])


@given(
    words=st.lists(
        st.sampled_from([*COMMANDS, "--import", "--help", "table2", "--format", "json", "--out"]) | WORDS, max_size=4
    )
)
@cases(300)
def test_any_words_are_a_command_or_are_refused(zoo, words):
    if {"train", "resume", "reproduce", "results", "--import"} & set(words) and words[:1] != ["--import"]:
        words = [word for word in words if word not in ("resume", "reproduce", "results")]
    typed(words)


@given(
    data=st.data(),
    command=st.sampled_from(
        ["evaluate", "resume", "predict", "export", "results", "from", "pretrained", "folder", "data", "reproduce"]
    ),
)
@cases(500)
def test_any_path_is_used_or_refused(zoo, paths, data, command):
    one, two = (data.draw(st.sampled_from(paths)) for _ in range(2))
    train = ["train", *SMALL, "--out", str(zoo / "new")]
    arguments = {
        "evaluate": ["evaluate", one],
        "resume": ["resume", one],
        "predict": ["predict", one, two],
        "export": ["export", one, "--out", two if two.startswith(("/dev", str(zoo))) else str(zoo / "out.onnx")],
        "results": ["results", "table2", "--ledger", one],
        "from": [*train, "--from", one],
        "pretrained": [*train, "--pretrained", one],
        "folder": ["train", "--dataset", f"folder:{one}", "--image-size", "8", "--out", str(zoo / "new")],
        "data": ["train", "--dataset", "cifar10", "--data", one, "--out", str(zoo / "new")],
        "reproduce": [
            "reproduce",
            "table1",
            "--scale",
            "smoke",
            "--ledger",
            one if "/dev" in one else str(zoo / "text"),
            "--work",
            str(zoo / "text"),
        ],
    }[command]
    before = {path: path.read_bytes() for path in (zoo / "run").iterdir() if path.is_file()}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(train_command, "train", lambda *_, **__: (_ for _ in ()).throw(Started))
        patched.chdir(zoo / "folder")
        typed(arguments)
    assert {path: path.read_bytes() for path in (zoo / "run").iterdir() if path.is_file()} == before


RECORD = json.loads(planted("map-cifar100", "plain", 0, 80).to_json())


@given(where=PLACES, new=JSONS, drop=st.booleans())
@cases(1000)
def test_an_edited_record_is_refused_or_stands_in_the_tables(zoo, where, new, drop):
    file = zoo / "ledger" / "edited.json"
    file.write_text(json.dumps(without(RECORD, where) if drop else edited(RECORD, where, new)))
    run = outcome(load_run, file)
    if run:
        measured([run])
        beside_the_paper("table2", [run], "full")
        assert sg.by_setting([run])
    file.unlink()


@given(where=PLACES, new=ANYTHING, drop=st.booleans(), name=st.sampled_from(["checkpoint.pt", "network.pt"]))
@cases(80)
def test_an_edited_checkpoint_is_refused_or_used(zoo, where, new, drop, name):
    folder = zoo / "edited"
    folder.mkdir(exist_ok=True)
    state = torch.load(zoo / "run" / name, weights_only=True)
    try:
        torch.save(without(state, where) if drop else edited(state, where, new), folder / name)
        torch.load(folder / name, weights_only=True)
    except Exception:
        return  # not a file that anybody could have
    for use in (
        inputs_of,
        deployed_network,
        trained_network,
        *([evaluate] if name == "checkpoint.pt" else [sg.load_network]),
    ):
        outcome(use, folder / name if use is sg.load_network else folder)
    shutil.rmtree(folder)


def png(side, kind, depth, content):
    """A PNG file with this header, whose pixels need not be there."""
    part = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    header = struct.pack(">IIBBBBB", side, side, depth, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", content) + part(b"IEND", b"")


@given(
    content=st.binary(max_size=60)
    | st.builds(
        png,
        st.sampled_from([0, 1, 8, 60_000, 2**31]),
        st.integers(0, 7),
        st.sampled_from([1, 8, 16]),
        st.binary(max_size=20).map(zlib.compress),
    )
    | st.binary(max_size=30).map(lambda data: b"GIF89a" + data)
    | st.binary(max_size=30).map(lambda data: b"\xff\xd8\xff\xe0" + data),
    size=st.sampled_from([None, (8, 8), (1, 300)]),
)
@cases(600)
def test_any_bytes_are_an_image_or_are_refused(zoo, content, size):
    file = zoo / "image"
    file.write_bytes(content)
    pixels = outcome(read_image, file, size)
    assert not hasattr(pixels, "shape") or (pixels.ndim == 3 and (size is None or pixels.shape[:2] == size))
    file.unlink()


@given(
    rows=st.lists(st.lists(WORDS, max_size=4).map(",".join), max_size=4),
    header=st.sampled_from(["emotion,pixels,Usage", " Usage, pixels,emotion", "﻿Emotion,Pixels,Usage", "a,b", ""]),
)
@cases(300)
def test_any_table_of_faces_is_read_or_refused(zoo, rows, header):
    folder = zoo / "faces"
    (folder / "fer2013").mkdir(parents=True, exist_ok=True)
    text = "\n".join([header, *rows])
    (folder / "fer2013" / "fer2013.csv").write_bytes(
        text.encode("utf-8", "surrogateescape" if "\udcff" in text else "replace")
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SGUTILS_DATA", str(folder))
        outcome(sg.load_dataset, "fer2013")
    assert Path(folder).exists()
