"""Two trainers in plain PyTorch, as people write them around the solution: one that tests as it trains, one for several processes."""

import torch

from ..solution import draw, objective


def train_and_test(net, epochs, x_test, y_test, p, generator, lam=0.25, tau=3.0, lr=0.1):
    optimizer = torch.optim.SGD(net.parameters(), lr, momentum=0.9, nesterov=True, weight_decay=1e-4)
    errors = []
    for batches in epochs:
        net.train()
        for x, y in batches:
            loss = objective(net, x, y, p, draw(p, generator), lam, tau)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        net.eval()
        with torch.no_grad():
            wrong = net(x_test, p).argmax(dim=1) != y_test
        errors.append(wrong.float().mean().item())
    return errors


def train_in_processes(net, batches, p, seed, processes=2, lam=0.25, tau=3.0, lr=0.1):
    optimizer = torch.optim.SGD(net.parameters(), lr, momentum=0.9, nesterov=True, weight_decay=1e-4)
    generators = [torch.Generator().manual_seed(seed) for rank in range(processes)]
    net.train()
    for x, y in batches:
        optimizer.zero_grad()
        shares = zip(x.chunk(processes), y.chunk(processes), generators, strict=True)
        for x_share, y_share, generator in shares:  # each share in a process of its own
            b = draw(p, generator)
            loss = objective(net, x_share, y_share, p, b, lam, tau)
            (loss / processes).backward()  # gradients are averaged over the processes
        optimizer.step()
