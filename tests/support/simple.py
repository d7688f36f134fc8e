"""What several tests train: the simplest method there is, on a few of the smallest images."""

import torch

import sgutils as sg
from sgutils.methods import Method


class Linear(Method):
    """One layer, so that the trainer can be followed by hand; no batch norm, so that two halves of a mini-batch are worth
    exactly the whole. It has a parameter that no step uses."""

    def __init__(self, size=64, classes=10):
        super().__init__()
        torch.manual_seed(0)
        self.layer = torch.nn.Linear(size, classes)
        self.unused = torch.nn.Parameter(torch.ones(3))
        self.seen, self.errors = [], []

    def forward(self, x, y):
        logits = self.predict(x)
        error = (logits.detach().argmax(1) != y).float().mean()
        self.seen.append(x.clone())
        self.errors.append(float(error))
        return {"total": torch.nn.functional.cross_entropy(logits, y), "error": error}

    def predict(self, x):
        return self.layer(x.flatten(1))

    def deployed_network(self):
        return self.layer


def digits(n=96):
    return sg.load_dataset("digits", train_examples=n, test_examples=51)
