"""The solutions of the exercises at the end of the chapters, as they are folded there."""

import copy
from math import comb, sqrt
from statistics import mean, median, variance

import torch
import torch.nn.functional as F
from scipy.stats import t


# Should I use it?
def gap(net, train, test):
    def error(batches):
        wrong = sum((net(x).argmax(dim=1) != y).sum().item() for x, y in batches)
        return 100 * wrong / sum(len(y) for _, y in batches)

    net.eval()
    with torch.no_grad():
        return error(test) - error(train)


# Residual networks
def open_paths(gates):
    return [comb(sum(gates), count) for count in range(len(gates) + 1)]


# Stochastic depth
def fold(branch, p):
    folded = copy.deepcopy(branch)
    with torch.no_grad():
        folded[-1].weight *= p
        folded[-1].bias *= p
    return folded


# Distillation
def distillation_loss(student_logits, teacher_logits, y, lam, tau):
    log_student = F.log_softmax(student_logits / tau, dim=1)
    teacher = F.softmax(teacher_logits.detach() / tau, dim=1)
    kl = F.kl_div(log_student, teacher, reduction="batchmean")
    return F.cross_entropy(student_logits, y) + lam * tau**2 * kl


# Online distillation
def peers_loss(logits, y, tau):
    soft = F.softmax(logits.detach() / tau, dim=2)
    loss = 0.0
    for z, own in zip(logits, soft, strict=True):
        others = (soft.sum(dim=0) - own) / (len(logits) - 1)
        log_p = F.log_softmax(z / tau, dim=1)
        kl = F.kl_div(log_p, others, reduction="batchmean")
        loss = loss + F.cross_entropy(z, y) + tau**2 * kl
    return loss


# Self-Guidance
def students_loss(student_logits, teacher_logits, y, lam, tau):
    teacher = F.softmax(teacher_logits.detach() / tau, dim=1)
    loss = F.cross_entropy(teacher_logits, y)
    for z in student_logits:
        log_student = F.log_softmax(z / tau, dim=1)
        kl = F.kl_div(log_student, teacher, reduction="batchmean")
        student = F.cross_entropy(z, y) + lam * tau**2 * kl
        loss = loss + student / len(student_logits)
    return loss


# Ablations
def corrected(p):
    order = sorted(range(len(p)), key=lambda i: p[i])
    result, largest = [0.0] * len(p), 0.0
    for rank, i in enumerate(order):
        largest = max(largest, (len(p) - rank) * p[i])
        result[i] = min(1.0, largest)
    return result


# Feature space
def linear_cka(a, b):
    a, b = a - a.mean(dim=0), b - b.mean(dim=0)
    return (b.T @ a).norm() ** 2 / ((a.T @ a).norm() * (b.T @ b).norm())


# Facial expressions
def wilson(right, n, z=1.96):
    share, shrink = right / n, 1 + z**2 / n
    middle = (share + z**2 / (2 * n)) / shrink
    half = z * sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / shrink
    return middle - half, middle + half


# Full training
def accumulate(net, x, y, draw, size):
    gates = draw()
    for part, labels in zip(x.split(size), y.split(size), strict=True):
        loss = F.cross_entropy(net(part, gates), labels)
        (loss * len(part) / len(x)).backward()


# Your own network
def run_gated(model, names, gates, x):
    def weigh(gate):
        return lambda module, inputs, output: gate * output

    hooks = []
    for name, gate in zip(names, gates, strict=True):
        module = model.get_submodule(name)
        hooks.append(module.register_forward_hook(weigh(gate)))
    output = model(x)
    for hook in hooks:
        hook.remove()
    return output


# Beyond the paper
def verified(draft, teacher):
    kept = []
    for token, wanted in zip(draft, teacher[:-1], strict=True):
        if token != wanted:
            break
        kept.append(token)
    return [*kept, teacher[len(kept)]]


# Paper and measurement
def interval(a, b, settings):
    freedom = sum(len(errors) - 1 for errors in settings)
    squares = sum((len(errors) - 1) * variance(errors) for errors in settings)
    pooled = squares / freedom
    half = t.ppf(0.975, freedom) * sqrt(pooled * (1 / len(a) + 1 / len(b)))
    difference = mean(a) - mean(b)
    return difference - half, difference + half


# How this book is measured
def speedup(old, new, clock, rounds):
    def seconds(step):
        start = clock()
        step()
        return clock() - start

    return median(seconds(old) / seconds(new) for _ in range(rounds))
