import errno
import io
import os
import pickle
import random
import resource
import threading
import zipfile

import pytest
import torch

import sgutils as sg
from sgutils.files import remove_parts, write_atomically
from sgutils.networks.saved import load_network
from sgutils.training.checkpoint import load_checkpoint, save_checkpoint

STATE = {"config": {"epochs": 3}, "command": "", "trainer": {"draws": torch.arange(2000.0)}}
FLIPS = 300  # bits


def test_what_is_saved_is_loaded(tmp_path):
    save_checkpoint(tmp_path / "c.pt", STATE)
    loaded = load_checkpoint(tmp_path / "c.pt")
    assert loaded["config"] == STATE["config"] and torch.equal(loaded["trainer"]["draws"], STATE["trainer"]["draws"])
    assert [path.name for path in tmp_path.iterdir()] == ["c.pt"]


class Malice:
    def __reduce__(self):
        return (open, ("/nonexistent/pwned", "w"))


def damage(kind, path):
    content = path.read_bytes()
    if kind == "missing":
        path.unlink()
    elif kind == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("hello")
    elif kind == "pickle":
        path.write_bytes(pickle.dumps(Malice()))
    elif kind == "other dictionary":
        torch.save({"weights": torch.ones(3)}, path)
    elif kind == "tensor":
        torch.save(torch.ones(3), path)
    elif kind == "flipped":
        path.write_bytes(bytes(byte ^ (0xFF if i == len(content) // 2 else 0) for i, byte in enumerate(content)))


@pytest.mark.tried(
    "A checkpoint that is missing, cut, empty, of another kind or has a flipped bit",
    "It is refused in one sentence, or the whole one before it is used and that is said; none runs code.",
)
@pytest.mark.parametrize("kind", ["missing", "cut", "empty", "text", "pickle", "other dictionary", "tensor", "flipped"])
def test_a_missing_damaged_or_foreign_file_is_refused_in_one_sentence(kind, tmp_path):
    path = tmp_path / "c.pt"
    save_checkpoint(path, STATE)
    damage(kind, path)
    with pytest.raises(sg.InputError, match="c.pt is (missing|damaged|another kind of file).*checkpoint") as caught:
        load_checkpoint(path)
    assert "\n" not in str(caught.value)


@pytest.mark.tried(
    "A checkpoint that is missing, cut, empty, of another kind or has a flipped bit",
    "It is refused in one sentence, or the whole one before it is used and that is said; none runs code.",
)
@pytest.mark.parametrize("kind", ["missing", "cut", "empty", "text", "pickle", "other dictionary", "flipped"])
def test_where_the_newest_is_damaged_the_one_before_is_used_and_that_is_said(kind, tmp_path):
    path = tmp_path / "c.pt"
    save_checkpoint(path, STATE | {"command": "older"})
    save_checkpoint(path, STATE | {"command": "newer"})
    assert load_checkpoint(path)["command"] == "newer"
    damage(kind, path)
    with pytest.warns(UserWarning, match="c.pt is .*The checkpoint before it is used instead"):
        assert load_checkpoint(path)["command"] == "older"


class Killed(BaseException):
    """What no `except` of the package catches."""


def killed_at(monkeypatch, name, call):
    """From now on the process dies where it calls this function of `os` for the given number of times."""
    real, calls = getattr(os, name), iter(range(1, 100))

    def die(*arguments):
        if next(calls) == call:
            raise Killed
        return real(*arguments)

    monkeypatch.setattr(os, name, die)


def with_the_newest_damaged(folder):
    for command in ("older", "newer"):
        save_checkpoint(folder / "c.pt", STATE | {"command": command})
    damage("cut", folder / "c.pt")
    return folder / "c.pt"


@pytest.mark.parametrize("name", ["fsync", "replace"])
@pytest.mark.parametrize("call", [1, 2])
def test_a_kill_in_the_save_after_a_damage_leaves_a_whole_checkpoint(name, call, tmp_path, monkeypatch):
    path = with_the_newest_damaged(tmp_path)
    with pytest.warns(UserWarning, match="The checkpoint before it is used instead"):
        load_checkpoint(path, replace=True)
    killed_at(monkeypatch, name, call)
    with pytest.raises(Killed):
        save_checkpoint(path, STATE | {"command": "newest"})
    monkeypatch.undo()
    assert load_checkpoint(path)["command"] == "older"


@pytest.mark.filterwarnings("ignore:.*The checkpoint before it")
@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_kill_while_the_one_before_is_put_back_leaves_it_whole(name, tmp_path, monkeypatch):
    path = with_the_newest_damaged(tmp_path)
    killed_at(monkeypatch, name, 1)
    with pytest.raises(Killed):
        load_checkpoint(path, replace=True)
    monkeypatch.undo()
    assert load_checkpoint(path)["command"] == "older"


@pytest.mark.filterwarnings("ignore:.*The checkpoint before it")
def test_the_one_before_is_read_where_nothing_can_be_written(tmp_path, monkeypatch):
    path = with_the_newest_damaged(tmp_path)

    def refuse(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    assert load_checkpoint(path, replace=True)["command"] == "older"


def test_where_both_are_damaged_the_newest_is_named(tmp_path):
    path = tmp_path / "c.pt"
    for _ in range(2):
        save_checkpoint(path, STATE)
    for file in tmp_path.iterdir():
        damage("cut", file)
    with pytest.raises(sg.InputError, match="c.pt is damaged"):
        load_checkpoint(path)


@pytest.mark.tried(
    "A checkpoint that is missing, cut, empty, of another kind or has a flipped bit",
    "It is refused in one sentence, or the whole one before it is used and that is said; none runs code.",
    times=FLIPS,
)
def test_any_single_flipped_bit_is_refused_or_harmless(tmp_path):
    path = tmp_path / "c.pt"
    save_checkpoint(path, STATE)
    content, refused, draw = path.read_bytes(), 0, random.Random(0)
    for _ in range(FLIPS):
        damaged = bytearray(content)
        damaged[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        try:
            loaded = load_checkpoint(path)
        except sg.InputError:
            refused += 1
        else:
            assert torch.equal(loaded["trainer"]["draws"], STATE["trainer"]["draws"])
    assert refused > 200


def test_a_failed_write_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "c.pt"
    save_checkpoint(path, STATE)
    save_checkpoint(path, STATE | {"command": "newer"})
    before = path.read_bytes()

    def full_disk(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(sg.InputError, match="No space left"):
        save_checkpoint(path, STATE)
    assert path.read_bytes() == before and {p.name for p in tmp_path.iterdir()} == {"c.pt", "c.previous.pt"}


def test_torch_writes_into_memory_where_no_signal_can_break_into_it(tmp_path, monkeypatch):
    """A signal in the middle of torch's own writing to a disk left an error of torch's in its place."""
    written, save = [], torch.save
    monkeypatch.setattr(torch, "save", lambda state, file: written.append(type(file)) or save(state, file))
    save_checkpoint(tmp_path / "c.pt", STATE)
    sg.save_network(tmp_path / "net.pt", sg.resnet(8))
    assert written == [io.BytesIO, io.BytesIO]


@pytest.mark.tried("A disk that is full", "One sentence that says how to go on; no cut file under a final name.")
def test_what_torch_makes_of_a_full_disk_is_one_sentence_and_leaves_no_part(tmp_path):
    path, limits = tmp_path / "c.pt", resource.getrlimit(resource.RLIMIT_FSIZE)
    save_checkpoint(path, STATE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(sg.InputError, match="Cannot write .*c.pt .File too large.: free some space"):
            save_checkpoint(path, STATE | {"trainer": {"draws": torch.zeros(10**6)}})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert load_checkpoint(path)["command"] == "" and not list(tmp_path.glob("*.part"))


NETWORK = {"architecture": sg.resnet20().architecture, "weights": sg.resnet20().state_dict()}


@pytest.mark.parametrize(
    "change",
    [
        *({"architecture": architecture} for architecture in (3, {}, {"unheard_of": 1}, sg.resnet(32).architecture)),
        *({"weights": weights} for weights in (None, [1], {}, {"stem.0.weight": torch.ones(3)})),
    ],
)
def test_a_network_of_another_version_is_one_sentence(change, tmp_path):
    torch.save(NETWORK | change, tmp_path / "network.pt")
    with pytest.raises(
        sg.InputError, match="network.pt is another kind of file or of another version: expected .*"
    ) as caught:
        load_network(tmp_path / "network.pt")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("goes_on", [True, False])
def test_the_checkpoint_before_takes_the_place_of_a_damaged_one_only_for_a_run_that_goes_on(tmp_path, goes_on):
    path = tmp_path / "c.pt"
    for command in ("older", "newer"):
        save_checkpoint(path, STATE | {"command": command})
    damage("cut", path)
    before = path.read_bytes()
    with pytest.warns(UserWarning, match="damaged.*The checkpoint before it is used instead"):
        assert load_checkpoint(path, replace=goes_on)["command"] == "older"
    assert (path.read_bytes() == before) is not goes_on


def test_a_checkpoint_that_may_not_be_read_now_is_not_replaced(tmp_path, monkeypatch):
    path = tmp_path / "c.pt"
    for command in ("older", "newer"):
        save_checkpoint(path, STATE | {"command": command})
    before, opened = path.read_bytes(), zipfile.ZipFile

    def refusing(file, *more):
        if file == path:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(file, *more)

    monkeypatch.setattr(zipfile, "ZipFile", refusing)
    with pytest.raises(sg.InputError, match="Cannot read .*c.pt .Permission denied."):
        load_checkpoint(path, replace=True)
    assert path.read_bytes() == before


@pytest.mark.tried("A file of the same name, or another writer at the same time", "Neither is lost; no half file.")
def test_writing_touches_no_other_file_and_no_other_writer(tmp_path):
    path, victim = tmp_path / "one.json", tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "one.json.part").symlink_to(victim)
    texts = [str(number) * 100_000 for number in range(4)]

    def write(text):
        for _ in range(20):
            write_atomically(path, text)

    threads = [threading.Thread(target=write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert not path.exists() or path.read_text() in texts
    assert victim.read_text() == "precious" and path.read_text() in texts
    assert {found.name for found in tmp_path.iterdir()} == {"one.json", "one.json.part", "victim"}
    (tmp_path / "one.json.0123abcd.part").write_text("of a process that was killed")
    (tmp_path / "one.json.mine.part").write_text("precious")
    remove_parts(path)
    assert {found.name for found in tmp_path.iterdir()} == {"one.json", "one.json.part", "one.json.mine.part", "victim"}
