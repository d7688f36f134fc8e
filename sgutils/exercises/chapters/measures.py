"""The checks of the exercises on measures: several comparisons, similar features, a share, a difference, the gap."""

import copy
from collections.abc import Callable
from math import sqrt

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ... import features
from ...results.statistics import pooled, unpaired
from ..hints import Hint, compare, drawn, exercise


@exercise("Holm's correction")
def check_corrected(corrected: Callable) -> None:
    def right(p: list) -> list:
        # Without an order: of all that are no larger, the largest product with how many are at least as large.
        return [min(1.0, max(sum(other >= q for other in p) * q for q in p if q <= one)) for one in p]

    def steps(p: list, factor: Callable, running: bool = True, cap: bool = True) -> list:
        found, largest = [0.0] * len(p), 0.0
        for rank, i in enumerate(sorted(range(len(p)), key=p.__getitem__)):
            value = factor(rank, len(p)) * p[i]
            largest = max(largest, value) if running else value
            found[i] = min(1.0, largest) if cap else largest
        return found

    inputs = [([0.03, 0.004, 0.02, 0.5],), ([0.02, 0.019, 0.3, 0.6, 0.011],), ([0.9, 0.6, 0.001],), ([0.04],)]
    mistakes = {
        "That is Bonferroni's correction, every p times the number of comparisons: Holm's factor falls by one from each p to "
        "the next larger.": lambda p: [min(1.0, len(p) * one) for one in p],
        "A corrected p has become smaller than that of a clearer comparison: take the largest so far.": lambda p: steps(
            p, lambda rank, m: m - rank, running=False
        ),
        "A probability is at most 1, and one of yours is more.": lambda p: steps(
            p, lambda rank, m: m - rank, cap=False
        ),
        "The factors run the wrong way: the smallest p is multiplied by the number of all comparisons.": lambda p: (
            steps(p, lambda rank, m: rank + 1)
        ),
        "The factors are one too small: the smallest p is multiplied by m, the next one by m - 1, and the largest by 1.": (
            lambda p: steps(p, lambda rank, m: m - rank - 1)
        ),
        "They come back in the order of their size: each has to stand where its p stood.": lambda p: sorted(right(p)),
        "The factor is m over the rank: that is Benjamini and Hochberg's, which bounds the share of wrong findings and not the "
        "chance of any.": lambda p: steps(p, lambda rank, m: m / (rank + 1)),
        "That is Benjamini and Hochberg's, from the largest p down, which bounds the share of wrong findings and not the chance of "
        "any.": lambda p: [
            min(1.0, *(len(p) * q / sum(other <= q for other in p) for q in p if q >= one)) for one in p
        ],
        "The p are as they were: nothing is corrected.": lambda p: p,
        "They are corrected in the order in which they stand: sort them by size first.": lambda p: [
            min(1.0, max((len(p) - j) * p[j] for j in range(i + 1))) for i in range(len(p))
        ],
    }
    compare(corrected, right, mistakes, inputs, "the corrected p")


@exercise("Linear CKA")
def check_linear_cka(linear_cka: Callable) -> None:
    def norm(m: Tensor) -> Tensor:
        return (m**2).sum().sqrt()

    def of(a: Tensor, b: Tensor, power: int = 2) -> Tensor:
        return norm(b.T @ a) ** power / (norm(a.T @ a) * norm(b.T @ b))

    def centred(m: Tensor) -> Tensor:
        return m - m.mean(dim=0)

    def spectral(m: Tensor) -> Tensor:
        return torch.linalg.matrix_norm(m, 2)

    inputs = []
    for seed, (images, width, other) in enumerate([(30, 6, 4), (12, 5, 5), (40, 3, 8)]):
        with drawn(seed):
            a = torch.randn(images, width, dtype=torch.float64) + 0.7
            b = a @ torch.randn(width, other, dtype=torch.float64) + torch.randn(images, other, dtype=torch.float64) - 1
        inputs.append((a, b))
    mistakes = {
        "The features are not centred: subtract from each column its mean over the images.": of,
        "The mean of each image is subtracted: it is that of each feature, over the images, that has to go.": lambda a, b: (
            of(a - a.mean(dim=1, keepdim=True), b - b.mean(dim=1, keepdim=True))
        ),
        "One mean over all numbers is subtracted: each column has its own.": lambda a, b: of(
            a - a.mean(), b - b.mean()
        ),
        "Only the first features are centred: the norm below belongs to the second, too.": lambda a, b: of(
            centred(a), b
        ),
        "The norm above has to be squared.": lambda a, b: of(centred(a), centred(b), power=1),
        "That is the root of the CKA: the norm above has to be squared, and no root is taken below.": lambda a, b: (
            features.linear_cka(a, b) ** 0.5
        ),
        "Those are the largest singular values: the norm of a matrix here is the root of the sum of its squares.": lambda a, b: (
            spectral(centred(b).T @ centred(a)) ** 2
            / (spectral(centred(a).T @ centred(a)) * spectral(centred(b).T @ centred(b)))
        ),
        "That is the numerator: divide by the norms of A'A and B'B.": lambda a, b: norm(centred(b).T @ centred(a)) ** 2,
        "Below stand the norms of A and B: those of A'A and B'B are asked for.": lambda a, b: (
            norm(centred(b).T @ centred(a)) ** 2 / (norm(centred(a)) * norm(centred(b)))
        ),
        "Below stand the squared norms of A and B, which are traces: those of A'A and B'B are asked for.": lambda a, b: (
            norm(centred(b).T @ centred(a)) ** 2 / (norm(centred(a)) ** 2 * norm(centred(b)) ** 2)
        ),
        "The norms below are squared: they stand there once each.": lambda a, b: (
            of(centred(a), centred(b)) / (norm(centred(a).T @ centred(a)) * norm(centred(b).T @ centred(b)))
        ),
        "The features are standardised: only their mean has to go, not their spread.": lambda a, b: of(
            centred(a) / a.std(dim=0), centred(b) / b.std(dim=0)
        ),
    }
    compare(linear_cka, features.linear_cka, mistakes, inputs, "the CKA")


@exercise("An interval for a share")
def check_wilson(wilson: Callable) -> None:
    def right(count: int, n: int, z: float = 1.96) -> list:
        # The two shares from which the measured one lies just z standard deviations of the binomial away.
        share, more = count / n, z**2 / n
        return sorted(np.roots([1 + more, -2 * share - more, share**2]).real)

    def wald(count: int, n: int, z: float = 1.96) -> list:
        share = count / n
        half = z * sqrt(share * (1 - share) / n)
        return [share - half, share + half]

    def parts(count: int, n: int, z: float = 1.96) -> tuple[float, float]:
        low, high = right(count, n, z)
        return (low + high) / 2, (high - low) / 2

    def around(count: int, n: int, z: float = 1.96) -> list:
        half = parts(count, n, z)[1]
        return [count / n - half, count / n + half]

    def middle_alone(count: int, n: int, z: float = 1.96) -> list:
        middle, half = parts(count, n, z)
        return [middle - (1 + z**2 / n) * half, middle + (1 + z**2 / n) * half]

    inputs = [(4, 23), (0, 12), (1, 12), (300, 1000), (9, 9), (7, 20, 2.576)]
    mistakes = {
        "It is right for z = 1.96 alone: use the z that is given.": lambda count, n, z=1.96: right(count, n),
        "That is the interval of the normal approximation, r ± z sqrt(r (1 - r) / n): with 0 of 12 right it has no width, as "
        "if nothing could ever be right.": wald,
        "That is the normal approximation, cut off at 0 and 1: with 0 of 12 right it still has no width.": lambda *one: [
            max(0.0, wald(*one)[0]),
            min(1.0, wald(*one)[1]),
        ],
        "The half-width is right, but it lies around the measured share: Wilson's middle is drawn to one half.": around,
        "It is the 90 % interval: z should be 1.96.": lambda count, n, z=1.645: right(count, n, z),
        "It has a width of one standard deviation: multiply by z = 1.96.": lambda count, n, z=1.0: right(count, n, z),
        "The division by 1 + z²/n is missing, in the middle and in the half-width.": lambda count, n, z=1.96: [
            (1 + z**2 / n) * bound for bound in right(count, n, z)
        ],
        "The half-width is not divided by 1 + z²/n: only the middle is.": middle_alone,
        "The bounds are numbers of images: divide by n.": lambda *one: [one[1] * bound for bound in right(*one)],
        "The bounds are in per cent: shares from 0 to 1 are asked for.": lambda *one: [
            100 * bound for bound in right(*one)
        ],
        "Those are the middle and the half-width: return the two bounds.": parts,
        "The bounds are exchanged: the lower one comes first.": lambda *one: right(*one)[::-1],
    }
    compare(wilson, right, mistakes, inputs, "the interval")


@exercise("An interval for a difference")
def check_interval(interval: Callable) -> None:
    from scipy.stats import norm, t

    def right(a: list, b: list, settings: list) -> list:
        _, low, high, _ = unpaired(a, b, pooled(settings))
        return [float(low), float(high)]

    def of(a: list, b: list, settings: list, *, runs=None, freedom=None, variance=None, factor=None) -> list:
        spread = pooled(settings)
        freedom = spread.freedom if freedom is None else freedom
        factor = t.ppf(0.975, freedom) if factor is None else factor
        share = 1 / len(a) + 1 / len(b) if runs is None else runs
        half = factor * sqrt((spread.variance if variance is None else variance) * share)
        difference = np.mean(a) - np.mean(b)
        return [difference - half, difference + half]

    draw = np.random.default_rng(0)
    inputs = []
    for runs in ((3, 3, 3, 5), (4, 2, 3), (2, 3, 3, 3)):
        settings = [(20 + 3 * draw.random() + draw.normal(0, 0.5 + draw.random(), n)).tolist() for n in runs]
        inputs.append((settings[0], settings[1], settings))
    mistakes = {
        "The normal quantile 1.96 takes the spread for known: it is estimated from a few runs, so take Student's, t.ppf(0.975, "
        "freedom).": lambda *one: of(*one, factor=norm.ppf(0.975)),
        "t.ppf(0.95, ...) leaves 5 % on either side, a 90 % interval: take 0.975.": lambda *one: of(
            *one, factor=t.ppf(0.95, pooled(one[2]).freedom)
        ),
        "The quantile has too few degrees of freedom: the spread comes from all settings, each with one fewer than its runs.": (
            lambda *one: of(*one, freedom=len(one[0]) + len(one[1]) - 2)
        ),
        "Each setting loses one degree of freedom, for its own mean: yours has the number of all runs, less one.": lambda *one: (
            of(*one, freedom=sum(map(len, one[2])) - 1)
        ),
        "Only the two settings' own spread is used: pool it over all.": lambda a, b, settings: right(a, b, [a, b]),
        "The variance divides by the number of runs: by one fewer, because the mean comes from the same runs.": lambda *one: (
            of(*one, variance=sum(len(g) * np.var(g) for g in one[2]) / sum(map(len, one[2])))
        ),
        "pvariance divides by the number of runs: variance, by one fewer, is the one that a sample gives.": lambda *one: (
            of(*one, variance=sum((len(g) - 1) * np.var(g) for g in one[2]) / pooled(one[2]).freedom)
        ),
        "The variances are averaged as if all settings had as many runs: each counts by its degrees of freedom.": lambda *one: (
            of(*one, variance=np.mean([np.var(g, ddof=1) for g in one[2]]))
        ),
        "All errors are thrown together: what settings differ by is no luck of the seed. Take the variance within each.": (
            lambda *one: of(*one, variance=np.var(np.concatenate(one[2]), ddof=1))
        ),
        "That is the interval for the next single run's error: a mean of n runs scatters less, multiply the variance by "
        "1/n_a + 1/n_b.": lambda *one: of(*one, runs=1.0),
        "Both means scatter: the variance of their difference is a sum, 1/n_a + 1/n_b, and yours has one part.": lambda *one: (
            of(*one, runs=1 / len(one[0]))
        ),
        "It is the difference the other way round: the mean of a minus that of b.": lambda a, b, settings: right(
            b, a, settings
        ),
    }
    compare(interval, right, mistakes, inputs, "the interval")


@exercise("The gap")
def check_gap(gap: Callable) -> None:
    def logits(net: nn.Module, batches: list, mode: bool = False) -> list:
        net = copy.deepcopy(net).train(mode)
        with torch.no_grad():
            return [net(x) for x, _ in batches]

    def errors(net: nn.Module, batches: list, mode: bool = False) -> list:
        # One accuracy for each mini-batch, from the place of the label in the order of the logits.
        pairs = zip(logits(net, batches, mode), batches, strict=True)
        return [100 - 100 * (z.topk(1).indices == y[:, None]).double().mean().item() for z, (_, y) in pairs]

    def error(net: nn.Module, batches: list, mode: bool = False) -> float:
        return float(np.average(errors(net, batches, mode), weights=[len(y) for _, y in batches]))

    def loss(net: nn.Module, batches: list) -> float:
        return F.cross_entropy(torch.cat(logits(net, batches)), torch.cat([y for _, y in batches])).item()

    def right(net: nn.Module, train: list, test: list) -> float:
        return error(net, test) - error(net, train)

    mistakes = {
        "The network is in training mode, so batch norm takes the statistics of each mini-batch: call net.eval() first.": (
            lambda net, train, test: error(net, test, True) - error(net, train, True)
        ),
        "It is the difference the other way round: the test error minus the error on the training images.": (
            lambda *one: -right(*one)
        ),
        "It is a share from 0 to 1: points are asked for, a hundred times as many.": lambda *one: right(*one) / 100,
        "It is a mean over the mini-batches, where the images of a smaller last one count more: divide by the number of "
        "images.": lambda net, train, test: float(np.mean(errors(net, test)) - np.mean(errors(net, train))),
        "That is the gap of the cross-entropy: count the images whose largest logit is not the label's.": (
            lambda net, train, test: loss(net, test) - loss(net, train)
        ),
        "That is the test error: the error on the training images has to be subtracted.": lambda net, train, test: (
            error(net, test)
        ),
        "Only the first mini-batch of each is counted: go on to the last.": lambda net, train, test: right(
            net, train[:1], test[:1]
        ),
        "These are numbers of images: divide each by how many images there are.": lambda net, train, test: sum(
            sign * error(net, batches) * sum(len(y) for _, y in batches) / 100
            for sign, batches in ((1, test), (-1, train))
        ),
        "It is divided by the training error: a difference in points is asked for, not a ratio.": lambda *one: (
            right(*one) / error(*one[:2])
        ),
    }

    def on(function: Callable) -> Callable:
        # A network of its own for each, so that what one call does to it is not seen by the next.
        return lambda seed: function(*_fitted(*seed))

    hints = {hint: on(wrong) for hint, wrong in mistakes.items()}
    compare(on(gap), on(right), hints, [((seed,),) for seed in range(3)], "the gap")
    kept: list[bool] = []
    net, train, test = _fitted(0)
    net.register_forward_hook(lambda module, given, output: kept.append(output.requires_grad))
    gap(net, train, test)
    if any(kept):
        raise Hint(
            "The gap is right, but each pass keeps what a backward pass would need: count under torch.no_grad()."
        )


def _fitted(seed: int) -> tuple[nn.Module, list, list]:
    """A network in training mode that has nearly fitted its training images, and mini-batches of both kinds."""
    with drawn(seed):
        net = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3)).train()
        x = torch.randn(44, 6)
        y = (x @ torch.randn(6, 3) + torch.randn(44, 3)).argmax(dim=1)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
        for _ in range(12):
            F.cross_entropy(net(x[:23]), y[:23]).backward()
            optimizer.step()
            optimizer.zero_grad()
    train, test = (list(zip(x[i].split(9), y[i].split(9), strict=True)) for i in (slice(23), slice(23, 44)))
    return net, train, test
