import pickle
import random

import pytest
import torch

import sgutils as sg
from sgutils.checkpoint import load_checkpoint, save_checkpoint

STATE = {"config": {"epochs": 3}, "command": "", "trainer": {"draws": torch.arange(2000.0)}}


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


@pytest.mark.parametrize("kind", ["missing", "cut", "empty", "text", "pickle", "other dictionary", "tensor", "flipped"])
def test_a_missing_damaged_or_foreign_file_is_refused_in_one_sentence(kind, tmp_path):
    path = tmp_path / "c.pt"
    save_checkpoint(path, STATE)
    damage(kind, path)
    with pytest.raises(sg.InputError, match="c.pt is (missing|damaged|something else).*checkpoint") as caught:
        load_checkpoint(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["missing", "cut", "empty", "text", "pickle", "other dictionary", "flipped"])
def test_where_the_newest_is_damaged_the_one_before_is_used_and_that_is_said(kind, tmp_path):
    path = tmp_path / "c.pt"
    save_checkpoint(path, STATE | {"command": "older"})
    save_checkpoint(path, STATE | {"command": "newer"})
    assert load_checkpoint(path)["command"] == "newer"
    damage(kind, path)
    with pytest.warns(UserWarning, match="c.pt is .*The checkpoint before it is used instead"):
        assert load_checkpoint(path)["command"] == "older"


def test_where_both_are_damaged_the_newest_is_named(tmp_path):
    path = tmp_path / "c.pt"
    for _ in range(2):
        save_checkpoint(path, STATE)
    for file in tmp_path.iterdir():
        damage("cut", file)
    with pytest.raises(sg.InputError, match="c.pt is damaged"):
        load_checkpoint(path)


def test_any_single_flipped_bit_is_refused_or_harmless(tmp_path):
    path = tmp_path / "c.pt"
    save_checkpoint(path, STATE)
    content, refused, draw = path.read_bytes(), 0, random.Random(0)
    for _ in range(300):
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
    before = path.read_bytes()

    def full_disk(state, file):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full_disk)
    with pytest.raises(sg.InputError, match="No space left"):
        save_checkpoint(path, STATE)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["c.pt"]
