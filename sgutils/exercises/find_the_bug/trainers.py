"""Two trainers in plain PyTorch, as people write them around the solution: one tests as it trains, one is for several processes."""

import torch

from ..solution import draw, objective


def train_and_test(net, optimizer, epochs, test, p, generator, lam, tau):
    x_test, y_test = test
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


def train_in_processes(net, optimizer, batches, p, seed, lam, tau, processes=2):
    seeds = [seed for rank in range(processes)]
    generators = [torch.Generator().manual_seed(own) for own in seeds]
    net.train()
    for x, y in batches:
        optimizer.zero_grad()
        xs, ys = x.chunk(processes), y.chunk(processes)  # a share for each process
        for x_share, y_share, generator in zip(xs, ys, generators, strict=True):
            b = draw(p, generator)
            loss = objective(net, x_share, y_share, p, b, lam, tau)
            (loss / processes).backward()  # gradients are averaged
        optimizer.step()
