"""The checks of the exercises on networks: the paths that gates leave open, folding, and gates for somebody else's network."""

import copy
from collections.abc import Callable
from itertools import product
from math import comb

import torch
from torch import Tensor, nn

from ..hints import Hint, compare, drawn, exercise, near, something


@exercise("Open paths")
def check_open_paths(open_paths: Callable) -> None:
    def right(gates: list) -> list:
        counts = [0] * (len(gates) + 1)
        for path in product([0, 1], repeat=len(gates)):  # every path: around (0) or through (1) each block
            if all(gate or not through for gate, through in zip(gates, path, strict=True)):
                counts[sum(path)] += 1
        return counts

    def whole(gates):
        return [comb(len(gates), count) for count in range(len(gates) + 1)]

    inputs = [([1, 1, 0, 1],), ([1, 0, 1, 1, 0, 1],), ([0, 0, 1],), ([1, 1, 1, 1, 1],), ([0, 0],)]
    mistakes = {
        "These are the paths of the whole network: those that run through a closed branch are gone.": whole,
        "A closed gate halves the paths, but not those of each length: count again how many branches they can run "
        "through.": lambda gates: [count / 2 ** gates.count(0) for count in whole(gates)],
        "Lengths that no path has any more count 0: return L + 1 numbers, whatever the gates.": lambda gates: [
            comb(sum(gates), count) for count in range(sum(gates) + 1)
        ],
        "One path runs around all blocks: begin to count at 0 branches.": lambda gates: right(gates)[1:],
        "You count the gates that are 0: a path can run through those that are 1.": lambda gates: [
            comb(gates.count(0), count) for count in range(len(gates) + 1)
        ],
        "Yours begins with the longest paths: number 0 is that of the paths through no branch.": lambda gates: right(
            gates
        )[::-1],
        "That is the number of all open paths: count those through 0, 1, ..., L branches one by one.": lambda gates: (
            2 ** sum(gates)
        ),
        "A path may run through any of the open branches, in L over k ways, and not only through the first k.": lambda gates: [
            float(count <= sum(gates)) for count in range(len(gates) + 1)
        ],
    }
    compare(open_paths, right, mistakes, inputs, "the numbers of paths")


@exercise("Folding")
def check_fold(fold: Callable) -> None:
    def of(change: Callable) -> Callable:
        def output(seed: int, p: float) -> Tensor:
            branch, h = _branch(seed)
            with torch.no_grad():
                return change(copy.deepcopy(branch), p)(h)

        return output

    def given(seed: int, p: float):
        branch, h = _branch(seed)
        before = copy.deepcopy(branch.state_dict())
        folded = fold(branch, p)
        something(folded, "the folded branch")
        if not isinstance(folded, nn.Module):
            raise Hint(f"A branch is expected, a module as the one that was given; yours is a {type(folded).__name__}.")
        changed.append(any(not torch.equal(before[name], value) for name, value in branch.state_dict().items()))
        output = folded.eval()(h).detach()
        gated.append(not near(_without_gate(folded, h), output))
        return output

    def right(seed: int, p: float) -> Tensor:
        branch, h = _branch(seed)
        return p * branch(h).detach()

    changed: list[bool] = []
    gated: list[bool] = []
    scaled = _scaled
    mistakes = {
        "It is the branch as it was: multiply the scale and the shift of its last batch norm by p.": of(lambda b, p: b),
        "The shift is missing: a batch norm has a bias, and it belongs to what the branch gives.": of(
            lambda b, p: scaled(p, b, b[-1].weight)
        ),
        "The scale is missing: a batch norm has a weight beside its bias.": of(lambda b, p: scaled(p, b, b[-1].bias)),
        "Both batch norms are scaled: what the first gives is the input of the second convolution, and stays.": of(
            lambda b, p: scaled(p, b, b[1].weight, b[1].bias, b[-1].weight, b[-1].bias)
        ),
        "Something before the last batch norm is scaled, and that norm was made for what came in before: scale what it gives, "
        "its weight and its bias.": of(lambda b, p: scaled(p, b, b[-2].weight)),
        "The running statistics are scaled: they say what comes in, and that does not change.": of(
            lambda b, p: scaled(p, b, b[-1].running_mean, b[-1].running_var)
        ),
        "It is divided by p: that is for the other convention. Here the branch is weighed by p at test.": of(
            lambda b, p: scaled(1 / p, b, b[-1].weight, b[-1].bias)
        ),
        "Every weight is scaled: those of the last batch norm are enough, and the rest has to stay.": of(
            lambda b, p: scaled(p, b, *b.parameters())
        ),
    }
    compare(given, right, mistakes, [(0, 0.5), (1, 0.8), (2, 0.25)], "what the folded branch gives")
    if any(gated):
        raise Hint(
            "It gives the right thing, but has a gate still: its weights alone, in a branch as the one that was given, give "
            "something else. Let the weights of the last batch norm take p, so that nothing multiplies when the branch runs."
        )
    if any(changed):
        raise Hint(
            "The branch that was given is changed, too, and training could not go on: work on copy.deepcopy(branch)."
        )


def _branch(seed: int) -> tuple[nn.Sequential, Tensor]:
    """A branch of a basic block in evaluation mode, as if it had been trained, and an input."""
    with drawn(seed):
        norms = nn.BatchNorm2d(4), nn.BatchNorm2d(4)
        branch = nn.Sequential(
            nn.Conv2d(4, 4, 3, padding=1, bias=False),
            norms[0],
            nn.ReLU(),
            nn.Conv2d(4, 4, 3, padding=1, bias=False),
            norms[1],
        )
        for norm in norms:
            for name, values in norm.state_dict().items():
                if "running_var" in name:
                    values.uniform_(0.5, 2.0)
                elif values.is_floating_point():
                    values.normal_()
        return branch.eval(), torch.randn(2, 4, 5, 5)


def _without_gate(folded: nn.Module, h: Tensor) -> Tensor:
    """What a plain branch gives with these weights; nothing where they do not fit into one."""
    plain, _ = _branch(0)
    try:
        plain.load_state_dict(folded.state_dict())
    except RuntimeError:
        return torch.full_like(h, torch.inf)
    return plain(h).detach()


def _scaled(p: float, branch: nn.Module, *tensors: Tensor) -> nn.Module:
    with torch.no_grad():
        for tensor in tensors:
            tensor *= p
    return branch


class Stranger(nn.Module):
    """A residual network without gates, as another person would write it."""

    def __init__(self, width: int = 6, depth: int = 3):
        super().__init__()
        self.stem = nn.Linear(4, width)
        self.layers = nn.ModuleList(nn.Sequential(nn.Linear(width, width), nn.Tanh()) for _ in range(depth))
        self.head = nn.Linear(width, 5)

    def forward(self, x, gates=(1.0, 1.0, 1.0), on_input=False):
        h = self.stem(x)
        for layer, gate in zip(self.layers, gates, strict=True):
            # What a hook does, written out: on the branch's output, or on the input of its last module.
            linear, tanh = layer.children()
            h = h + (tanh(gate * linear(h)) if on_input else gate * layer(h))
        return self.head(h)


@exercise("Gates from outside")
def check_run_gated(run_gated: Callable) -> None:
    def given(seed: int, gates: list):
        model, x = _stranger(seed)
        before = [parameter.detach().clone() for parameter in model.parameters()]
        output = run_gated(model, names, gates, x)
        something(output, "the logits")
        moved = any(not torch.equal(one, now) for one, now in zip(before, model.parameters(), strict=True))
        left.append("weights" if moved else "hooks" if not near(model(x), _plain(seed)) else "")
        return output

    def of(change: Callable) -> Callable:
        def output(seed: int, gates: list) -> Tensor:
            model, x = _stranger(seed)
            return change(model, x, gates)

        return output

    left: list[str] = []
    names = [f"layers.{i}.1" for i in range(3)]
    mistakes = {
        "The gates do nothing: a forward hook has to return the new output, else the old one is used.": of(
            lambda model, x, gates: model(x)
        ),
        "Every module gets the last gate: a function that is made in a loop looks its variables up when it is called. Give "
        "each hook a gate of its own.": of(lambda model, x, gates: model(x, 3 * gates[-1:])),
        "The gates run from the last module to the first.": of(lambda model, x, gates: model(x, gates[::-1])),
        "The gates weigh what comes into the modules: a forward hook gets the output, and that is what they weigh.": of(
            lambda model, x, gates: model(x, gates, on_input=True)
        ),
        "Only the first module is weighed: each name has a gate of its own.": of(
            lambda model, x, gates: model(x, [gates[0], 1.0, 1.0])
        ),
        "The gates weigh the logits, too: only the modules that are named.": of(
            lambda model, x, gates: model(x, gates) * torch.tensor(gates).prod()
        ),
        "It is divided by the gates: they multiply.": of(
            lambda model, x, gates: model(x, [1 / gate for gate in gates])
        ),
    }
    compare(
        given,
        of(lambda model, x, gates: model(x, gates)),
        mistakes,
        [(0, [1.0, 0.5, 0.2]), (1, [0.3, 0.9, 0.6])],
        "the logits",
    )
    if "weights" in left:
        raise Hint("The logits are right, but the model's weights are changed: gates come and go, and weights stay.")
    if "hooks" in left:
        raise Hint(
            "The logits are right, but the hooks stay in the model, and the next pass is weighed again: remove them."
        )


def _stranger(seed: int) -> tuple[Stranger, Tensor]:
    with drawn(seed):
        return Stranger(), torch.randn(3, 4)


def _plain(seed: int) -> Tensor:
    model, x = _stranger(seed)
    return model(x)
