"""Writes what the map and the front page show, `data/explorables/map.json`, from the ledger: run it again when the ledger has grown.

    python -m sgutils.widgets.recorders.map

The page cannot make it: the intervals need scipy, and the site is built without.
"""

import json

from ...errors import InputError
from ...files import write_atomically
from ...folders import data_folder
from ...results.answer import answer, short_answer
from ...results.labels import DATASETS
from ...results.map import AGAINST, GUIDED, MeasuredPoint, gains, measured_points

OUT = data_folder() / "explorables" / "map.json"


def main():
    write_atomically(OUT, as_text(recording()))
    print(f"{OUT}: {OUT.stat().st_size / 1000:.0f} kB")


def as_text(recorded: dict) -> str:
    return json.dumps(recorded, separators=(",", ":"), ensure_ascii=False) + "\n"


def recording() -> dict:
    """The points of the map as JSON values: a gain is above 0 where Self-Guidance errs less, in points."""
    points = measured_points()
    corrected = gains(points)
    return {
        "answer": answer(points, corrected),
        "short": short_answer(points, corrected),
        "comparisons": len(corrected),
        "points": [_point(point, corrected) for point in points if point.finished(GUIDED)],
    }


def _point(point: MeasuredPoint, corrected: dict) -> dict:
    against = {}
    for other in AGAINST:
        if (difference := corrected.get((point.name, other))) is None:
            continue
        if (on_others := point.against(other, images=True)) is None:
            raise InputError(f"A record of {point.name} does not say which images were right: run it again.")
        against[other] = {
            "these": _gain(difference),
            "new": _gain(on_others),
            "words": difference.words,
        }
    return {
        "name": point.name,
        "title": point.title,
        "short": point.short,
        "dataset": DATASETS[point.dataset],
        "large": point.large,
        "precision": point.precision,
        "gap": round(point.gap, 2),
        "against": against,
        "runs": {
            name: [[run.seed, round(run.error, 2), run.name] for run in point.finished(name)]
            for name in (GUIDED, *against)
        },
    }


def _gain(difference) -> list[float]:
    """Mean, lower and upper end, turned round: a gain is fewer errors. The ends are the mean's where there is no interval."""
    low, high = (difference.mean, difference.mean) if difference.low is None else (difference.low, difference.high)
    return [round(-value + 0.0, 2) for value in (difference.mean, high, low)]


if __name__ == "__main__":
    main()
