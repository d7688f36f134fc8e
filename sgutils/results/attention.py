"""Whom the peers of OKDDip listen to, as `sgutils.widgets.recorders.attention` recorded it, and what that means."""

import json
from collections.abc import Mapping, Sequence

from ..folders import data_folder


def recorded_attention() -> list[dict]:
    """For each data set its name, ``dataset``, its ``recipe``, and ``own_share``.

    ``own_share`` has for each seed the share that a peer has in its own mixture, a mean over peers and test images: before
    training, then after each epoch.
    """
    return json.loads((data_folder() / "explorables" / "attention.json").read_text(encoding="utf-8"))


def outcome(recorded: Sequence[Mapping]) -> list[str]:
    """A sentence for each data set: where the share began, where it ended, and who is left to teach."""
    return [_sentence(entry["dataset"], list(entry["own_share"].values())) for entry in recorded]


def _sentence(dataset: str, shares: Sequence[Sequence[float]]) -> str:
    first, last = ([share[index] for share in shares] for index in (0, -1))
    epoch = _epoch_of_nine_tenths(shares)
    if min(last) >= 0.9:
        said = f"Each peer listens to itself alone, in every run from epoch {epoch} on: the others teach it next to nothing"
    elif max(last) <= 0.5:
        said = "Most of what a peer hears comes from the others"
    else:
        said = "A peer listens to itself more than to any other, and still hears them"
    moved = f"from {_range(first, 0)} to {_range(last, 1)}"
    return f"**{dataset}**, {len(shares)} seeds: a peer's share of its own mixture goes {moved}. {said}."


def _epoch_of_nine_tenths(shares: Sequence[Sequence[float]]) -> int:
    """The epoch from which on no run's share is below 0.9."""
    return max(max((epoch for epoch, value in enumerate(share) if value < 0.9), default=-1) + 1 for share in shares)


def _range(values: Sequence[float], digits: int) -> str:
    low, high = (f"{100 * value:.{digits}f}" for value in (min(values), max(values)))
    return f"{low} %" if low == high else f"{low}–{high} %"
