"""The check of *How this book is measured*: two steps timed in turns on a machine that slows down and is disturbed."""

from collections.abc import Callable
from statistics import mean, median

from ..hints import Hint, compare, exercise


class _Machine:
    """A machine on which time passes only when a step runs, and each takes longer the more have run.

    ``disturbed`` says by what factor the call of a step with this number takes longer still.
    """

    def __init__(self, old: float, new: float, drift: float, disturbed: dict[tuple[str, int], float]):
        self.takes, self.drift, self.disturbed = {"old": old, "new": new}, drift, disturbed
        self.now, self.read = 100.0, 0
        self.calls = {"old": 0, "new": 0}

    def clock(self) -> float:
        self.read += 1
        return self.now

    def step(self, name: str) -> None:
        # Both steps of a round find the machine equally slow.
        slower = 1 + self.drift * (sum(self.calls.values()) // 2)
        self.now += self.takes[name] * slower * self.disturbed.get((name, self.calls[name]), 1.0)
        self.calls[name] += 1

    def seconds(self, name: str, calls: int = 1) -> float:
        start = self.now
        for _ in range(calls):
            self.step(name)
        return self.now - start


@exercise("Times as fast")
def check_speedup(speedup: Callable) -> None:
    def answer(given: tuple, rounds: int) -> object:
        machine = _Machine(*given)
        found = speedup(lambda: machine.step("old"), lambda: machine.step("new"), machine.clock, rounds)
        if found is not None and not machine.read:
            raise Hint("The clock was never read: call clock() before and after each step.")
        return found

    def right(given: tuple, rounds: int) -> float:
        # What the machine was built with: undisturbed, every round has this ratio.
        return given[0] / given[1]

    def of(ratio: Callable) -> Callable:
        def wrong(given: tuple, rounds: int) -> float:
            machine = _Machine(*given)
            taken = [(machine.seconds("old"), machine.seconds("new")) for _ in range(rounds)]
            return ratio(*zip(*taken, strict=True))

        return wrong

    def blocks(ratio: Callable) -> Callable:
        def wrong(given: tuple, rounds: int) -> float:
            machine = _Machine(*given)
            return ratio(*([machine.seconds(name) for _ in range(rounds)] for name in ("old", "new")))

        return wrong

    def each(old: tuple, new: tuple) -> list:
        return [one / other for one, other in zip(old, new, strict=True)]

    # In every input the first calls take longer, as they do, and one more round is disturbed in one of its steps.
    inputs = [
        ((0.6, 0.4, 0.1, {("old", 0): 5.0, ("new", 0): 3.0, ("new", 1): 4.0}), 7),
        ((0.3, 0.4, 0.05, {("old", 0): 2.0, ("new", 0): 9.0, ("new", 2): 3.0, ("new", 1): 2.5}), 9),
        ((2.0, 0.8, 0.2, {("old", 0): 4.0, ("new", 0): 3.0, ("old", 1): 6.0}), 5),
    ]
    mistakes = {
        "That is the ratio of the means: one disturbed round decides it. Take a ratio in each round, and their median.": of(
            lambda old, new: mean(old) / mean(new)
        ),
        "That is the mean of the ratios: one disturbed round decides it. Take their median.": of(
            lambda old, new: mean(each(old, new))
        ),
        "It is the other way round: how many times as long as the new step does the old one take?": lambda given, rounds: (
            given[1] / given[0]
        ),
        "That is the ratio of the medians, which come from different rounds: take the ratio within each round first.": of(
            lambda old, new: median(old) / median(new)
        ),
        "That is the ratio of the shortest times, which come from different rounds, when the machine was not equally fast.": of(
            lambda old, new: min(old) / min(new)
        ),
        "All calls of the old step come before those of the new one, when the machine was faster: time them in turns.": (
            blocks(lambda old, new: median(each(old, new)))
        ),
        "Each step is timed as one whole, the old one first: time them in turns, round by round.": blocks(
            lambda old, new: sum(old) / sum(new)
        ),
        "The medians are of two blocks, the old step's first: time them in turns, and take the ratio in each round.": blocks(
            lambda old, new: median(old) / median(new)
        ),
        "Only one round is timed: it may be the disturbed one.": lambda given, rounds: of(
            lambda old, new: old[0] / new[0]
        )(given, 1),
        "That is a difference in seconds: a ratio says the same on a faster machine.": of(
            lambda old, new: median(one - other for one, other in zip(old, new, strict=True))
        ),
        "That is the best of the ratios, not their median: it is the round in which the old step was disturbed.": of(
            lambda old, new: max(each(old, new))
        ),
    }
    compare(answer, right, mistakes, inputs, "the ratio")
