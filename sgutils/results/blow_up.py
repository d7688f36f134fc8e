"""What lambda = 3 does in the four forms of its divergence, beside what was predicted before any of it was run."""

import json
from collections.abc import Mapping, Sequence

from ..folders import data_folder
from ..training.config import Config
from ..training.record import Run, setting_key
from .campaign import BLOW_UP
from .comparisons import compare_all
from .labels import label
from .ledger import by_setting
from .statistics import Difference

FIRST, PREDICTED_WORST = "λ = 3", "λ = 3, S‖T"
# Each attached form with its detached one.
ATTACHED = {"λ = 3, attached": FIRST, "λ = 3, attached, S‖T": PREDICTED_WORST}
Groups = Mapping[str, Sequence[Run]]


def blow_up_runs(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """The runs of each form by its label; an empty list where it was not run."""
    done = by_setting(list(runs))
    configs = [Config(**arguments) for arguments in BLOW_UP]
    return {label(config.method, config.options): done.get(setting_key(config.as_dict()), []) for config in configs}


def largest_logits() -> dict[str, float]:
    """The largest logit of each network on the test images by the name of its run, as it was recorded."""
    recorded = json.loads((data_folder() / "explorables" / "blow-up.json").read_text(encoding="utf-8"))
    return recorded["largest_logit"]


def against_the_first(groups: Groups) -> dict[str, Difference]:
    """Each form against teacher||student, detached, corrected for how many they are."""
    found = compare_all(groups, [(name, FIRST) for name in groups if name != FIRST])
    return {name: difference for (name, _), difference in found.items()}


def outcome(groups: Groups, logits: Mapping[str, float]) -> list[str]:
    """Sentences: whether anything blew up, and of each prediction whether it held."""
    ended = {name: [run for run in runs if run.ended] for name, runs in groups.items()}
    if not all(ended.values()):
        return ["Not all four forms were run yet: `sgutils reproduce blow-up` runs them."]
    return [_blown(ended), _errors(groups), _logits(ended, logits)]


def _blown(ended: Groups) -> str:
    lost = {name: sum(run.status == "diverged" for run in runs) for name, runs in ended.items()}
    total = sum(map(len, ended.values()))
    if not any(lost.values()):
        return f"**Nothing blew up**: all {total} runs end with a finite loss."
    said = "; ".join(f"{name}: {count} of {len(ended[name])}" for name, count in lost.items() if count)
    return f"**It blew up** in {sum(lost.values())} of {total} runs ({said})."


def _errors(groups: Groups) -> str:
    found = against_the_first(groups)
    difference = found.get(PREDICTED_WORST)
    means = {name: [run.error for run in runs if run.finished] for name, runs in groups.items()}
    known = {name: sum(errors) / len(errors) for name, errors in means.items() if errors}
    worst = max(known, key=lambda name: known[name])
    held = worst == PREDICTED_WORST and difference is not None and difference.verdict == "worse"
    verdict = "has **held**" if held else "has **not been seen to hold**"
    said = "not comparable" if difference is None else f"{difference}, {difference.words}"
    return (
        f"The prediction that *S‖T, detached* errs most {verdict}: against teacher‖student, detached, it is {said}. "
        f"The highest mean error is that of **{worst}**."
    )


def _logits(ended: Groups, logits: Mapping[str, float]) -> str:
    known = {name: sorted(logits[run.name] for run in runs if run.name in logits) for name, runs in ended.items()}
    if not all(known.values()):
        return "How far the logits ran was not recorded for all four forms."
    parts, held = [], True
    for attached, detached in ATTACHED.items():
        apart = known[attached][-1] < known[detached][0]
        held = held and sum(known[attached]) / len(known[attached]) < sum(known[detached]) / len(known[detached])
        inside = "all of them below all detached ones" if apart else "the two overlap"
        parts.append(
            f"{known[attached][0]:.0f} to {known[attached][-1]:.0f} attached against {known[detached][0]:.0f} to "
            f"{known[detached][-1]:.0f} detached ({inside})"
        )
    verdict = "has **held** on average" if held else "has **not held**"
    return (
        f"The prediction that attaching the teacher keeps the logits small {verdict}. The largest logit of a network on the "
        f"test images is, for teacher‖student, {parts[0]}; for student‖teacher, {parts[1]}."
    )
