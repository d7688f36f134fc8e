"""The check of *Full training*: a mini-batch that does not fit, in parts."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..hints import Hint, compare, drawn, exercise

IMAGES, SIZE = 10, 4  # the last part is smaller than the others


class Watched(nn.Module):
    """A small gated network that writes down how many images each pass has, and when gradients arrive."""

    def __init__(self):
        super().__init__()
        self.stem, self.head = nn.Linear(3, 5), nn.Linear(5, 4)
        self.branches = nn.ModuleList(nn.Linear(5, 5) for _ in range(3))
        self.events: list[int] = []
        self.head.bias.register_hook(lambda gradient: self.events.append(0))

    def forward(self, x: Tensor, gates: Tensor) -> Tensor:
        self.events.append(len(x))
        h = self.stem(x)
        for branch, gate in zip(self.branches, gates, strict=True):
            h = h + gate * branch(h).tanh()
        return self.head(h)


@exercise("A large mini-batch in parts")
def check_accumulate(accumulate: Callable) -> None:
    def of(weigh: Callable, kept: slice = slice(None)) -> Callable:
        """The gradient when each part that is kept has its mean loss multiplied by what `weigh` says of its number of images."""

        def gradient(seed: int) -> Tensor:
            net, x, y, draw = _given(seed)
            gates = draw()
            parts = [
                weigh(len(part)) * F.cross_entropy(net(part, gates), labels)
                for part, labels in zip(x.split(SIZE), y.split(SIZE), strict=True)
            ]
            sum(parts[kept], torch.zeros(())).backward()
            return _gradient(net)

        return gradient

    def right(seed: int) -> Tensor:
        net, x, y, draw = _given(seed)
        F.cross_entropy(net(x, draw()), y).backward()
        return _gradient(net)

    def given(seed: int) -> Tensor:
        net, x, y, draw = _given(seed)
        before = [parameter.detach().clone() for parameter in net.parameters()]
        draws = []

        def counted():
            draws.append(draw())
            return draws[-1]

        accumulate(net, x, y, counted, SIZE)
        if not net.events:
            raise Hint("No image went through the network yet: run net(part, gates) for each part of the mini-batch.")
        if max(net.events) > SIZE:
            raise Hint(f"A pass has {max(net.events)} images, and no more than size = {SIZE} fit: split x and y.")
        if 0 not in net.events:
            raise Hint("No gradient is there yet: call backward() on the loss of each part.")
        if len(draws) != 1:
            raise Hint(
                f"{len(draws)} students are drawn: Self-Guidance draws one for a mini-batch, so draw before the loop and use "
                "the same gates for all parts."
            )
        if net.events.index(0) == sum(event > 0 for event in net.events) > 1:
            raise Hint(
                "All parts are run before the first backward(), so the memory is that of the whole mini-batch: call backward() "
                "in the loop; gradients add up by themselves."
            )
        moved.append(any(not torch.equal(one, now) for one, now in zip(before, net.parameters(), strict=True)))
        return _gradient(net)

    moved: list[bool] = []
    mistakes = {
        "The gradient is as many times too long as there are parts: each loss is a mean, and means do not add up.": of(
            lambda count: 1.0
        ),
        "The parts are not equally large: divide by the number of images, not by the number of parts.": of(
            lambda count: SIZE / (SIZE * -(-IMAGES // SIZE))
        ),
        "Each part counts as if it had size images: the last one has fewer.": of(lambda count: SIZE / IMAGES),
        "The losses are sums over the images: the mean over the whole mini-batch is asked for.": of(
            lambda count: count
        ),
        "It is divided by the number of images, but each loss is a mean over its part already: multiply by how many these "
        "are.": of(lambda count: 1 / IMAGES),
        "Only the last part is left: zero_grad() in the loop throws the others away.": of(
            lambda count: count / IMAGES, slice(-1, None)
        ),
        "Only the last part is left, and it counts fully: gradients have to add up over all parts, each by its share of the "
        "images.": of(lambda count: 1.0, slice(-1, None)),
        "The last, smaller part is missing: its images belong to the mini-batch, too.": of(
            lambda count: count / IMAGES, slice(0, -1)
        ),
    }
    compare(given, right, mistakes, [(0,), (1,), (2,)], "the gradient")
    if any(moved):
        raise Hint("The gradient is right, but the weights have moved: leave the step to whoever has the optimizer.")


def _given(seed: int) -> tuple[Watched, Tensor, Tensor, Callable]:
    with drawn(seed):
        net, x, y = Watched(), torch.randn(IMAGES, 3), torch.randint(4, (IMAGES,))
    generator = torch.Generator().manual_seed(seed)
    return net, x, y, lambda: (torch.rand(3, generator=generator) < 0.7).float()


def _gradient(net: nn.Module) -> Tensor:
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in net.parameters()]
    return torch.cat([gradient.flatten() for gradient in gradients])
