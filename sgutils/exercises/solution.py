"""Self-Guidance in plain PyTorch, from a block to a training run: the solution of the chapter *From scratch*."""

from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import nn


# Step 1
def run_block(branch, shortcut, h, gate):
    if gate == 0:
        return F.relu(shortcut(h))
    return F.relu(gate * branch(h) + shortcut(h))


# Step 2
def conv_norm(channels, width, kernel=3, stride=1):
    convolution = nn.Conv2d(channels, width, kernel, stride, kernel // 2, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    return [convolution, nn.BatchNorm2d(width)]


class Network(nn.Module):
    def __init__(self, in_channels=1, classes=10, widths=(8, 16, 32), per_stage=1):
        super().__init__()
        self.stem = nn.Sequential(*conv_norm(in_channels, widths[0]), nn.ReLU())
        self.branches, self.shortcuts = nn.ModuleList(), nn.ModuleList()
        channels = widths[0]
        for stage, width in enumerate(widths):
            for position in range(per_stage):
                stride = 2 if stage > 0 and position == 0 else 1
                branch = [*conv_norm(channels, width, 3, stride), nn.ReLU()]
                self.branches.append(nn.Sequential(*branch, *conv_norm(width, width)))
                shortcut: nn.Module = nn.Identity()
                if stride != 1 or channels != width:
                    shortcut = nn.Sequential(*conv_norm(channels, width, 1, stride))
                self.shortcuts.append(shortcut)
                channels = width
        self.classifier = nn.Linear(channels, classes)

    def forward(self, x, gates):
        h = self.stem(x)
        for branch, shortcut, gate in zip(self.branches, self.shortcuts, gates, strict=True):
            h = run_block(branch, shortcut, h, gate)
        return self.classifier(h.mean(dim=(2, 3)))


# Step 3
def survival(num_blocks, p_last):
    l = torch.arange(1, num_blocks + 1)
    return 1 - l / num_blocks * (1 - p_last)


def draw(p, generator):
    return (torch.rand(len(p), generator=generator) < p).float()


# Step 4
def distillation(student_logits, teacher_logits, tau):
    log_student = F.log_softmax(student_logits / tau, dim=1)
    teacher = F.softmax(teacher_logits.detach() / tau, dim=1)
    return F.kl_div(log_student, teacher, reduction="batchmean")


# Step 5
@contextmanager
def statistics_kept(net):
    """Batch norm uses the statistics of the images at hand, as in training, and remembers nothing of them."""
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:  # also where the pass is interrupted
        for norm in norms:
            norm.track_running_stats = True


def objective(net, x, y, p, b, lam, tau):
    with statistics_kept(net):
        student = net(x, b)
    teacher = net(x, p)
    ce = F.cross_entropy(student, y) + F.cross_entropy(teacher, y)
    return ce + lam * tau**2 * distillation(student, teacher, tau)


# Step 6
def train(net, batches, p, generator, lam=0.25, tau=3.0, lr=0.1):
    optimizer = torch.optim.SGD(net.parameters(), lr, momentum=0.9, nesterov=True, weight_decay=1e-4)
    losses = []
    net.train()
    for x, y in batches:
        loss = objective(net, x, y, p, draw(p, generator), lam, tau)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
