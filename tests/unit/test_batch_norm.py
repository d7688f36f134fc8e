"""Which passes move the running statistics: on any batch norm of torch, and to the bit what no statistics would give."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import sgutils as sg

NORMS = {
    "1d": (nn.BatchNorm1d(4), (6, 4)),
    "2d": (nn.BatchNorm2d(4), (6, 4, 3, 3)),
    "3d": (nn.BatchNorm3d(4), (6, 4, 2, 2, 2)),
    "synchronised": (nn.SyncBatchNorm(4), (6, 4, 3, 3)),
    "without scale": (nn.BatchNorm2d(4, affine=False), (6, 4, 3, 3)),
    "plain average": (nn.BatchNorm2d(4, momentum=None), (6, 4, 3, 3)),
}


def norm_and_input(kind):
    norm, shape = copy.deepcopy(NORMS[kind][0]), NORMS[kind][1]
    torch.manual_seed(0)
    if norm.affine:
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias)
    return norm.train(), torch.randn(shape)


@pytest.mark.parametrize("kind", NORMS)
def test_the_pass_is_the_batch_norm_without_statistics_to_the_bit(kind):
    norm, x = norm_and_input(kind)
    before = copy.deepcopy(norm.state_dict())
    with sg.keep_running_statistics(norm):
        kept = norm(x)
    assert torch.equal(kept, F.batch_norm(x, None, None, norm.weight, norm.bias, training=True, eps=norm.eps))
    assert torch.equal(kept, norm(x))
    assert any(not torch.equal(before[key], value) for key, value in norm.state_dict().items())


@pytest.mark.parametrize("kind", NORMS)
def test_no_statistic_moves_within_it(kind):
    norm, x = norm_and_input(kind)
    before = copy.deepcopy(norm.state_dict())
    with sg.keep_running_statistics(nn.Sequential(norm)):
        norm(x)
    assert all(torch.equal(before[key], value) for key, value in norm.state_dict().items())


def test_it_may_stand_within_itself_and_puts_back_what_was_there():
    norms = nn.Sequential(nn.BatchNorm2d(2), nn.BatchNorm2d(2, track_running_stats=False))

    def tracked():
        return [norm.track_running_stats for norm in norms]

    with sg.keep_running_statistics(norms):
        with sg.keep_running_statistics(norms[0]):
            assert tracked() == [False, False]
        assert tracked() == [False, False]
    assert tracked() == [True, False]
    with pytest.raises(ZeroDivisionError), sg.keep_running_statistics(norms):
        raise ZeroDivisionError
    assert tracked() == [True, False]


def test_in_eval_mode_the_statistics_are_used_as_ever():
    norm, x = norm_and_input("2d")
    norm(x)
    norm.eval()
    with sg.keep_running_statistics(norm):
        kept = norm(x)
    assert torch.equal(kept, norm(x))


class Foreign(nn.Module):
    """The smallest gated network that somebody else might write, with torch's own batch norm."""

    num_blocks = 2

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.norms = nn.ModuleList(nn.BatchNorm2d(1) for _ in range(2))
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(9, 3)

    def features(self, x, gates=None):
        for norm, gate in zip(self.norms, [1.0, 1.0] if gates is None else [float(g) for g in gates], strict=True):
            x = x + gate * norm(x).tanh() if gate else x
        return self.dropout(x.flatten(1))

    def forward(self, x, gates=None):
        return self.head(self.features(x, gates))

    def fold(self, p):
        folded = copy.deepcopy(self)
        folded.features = lambda x, gates=None: Foreign.features(folded, x, p)
        return folded


def test_anybodys_gated_network_trains_in_anybodys_loop_and_only_the_teacher_moves_its_statistics():
    net = Foreign()
    assert isinstance(net, sg.GatedNetwork)
    method = sg.SelfGuidance(net, lam=0.25, tau=3.0)
    x, y = torch.randn(8, 1, 3, 3) + 2, torch.arange(8) % 3
    optimizer = torch.optim.SGD(method.parameters(), lr=0.1)
    for step in range(1, 4):
        optimizer.zero_grad()
        method(x, y)["total"].backward()
        optimizer.step()
        assert [norm.num_batches_tracked.item() for norm in net.norms] == [step, step]
    method.eval()
    torch.testing.assert_close(method.deployed_network()(x), method.predict(x))


class WithoutFold(Foreign):
    fold = property()


def test_what_cannot_be_deployed_trains_in_a_loop_of_ones_own_but_the_trainer_refuses_it_at_once():
    method = sg.StochasticDepth(WithoutFold())
    method(torch.randn(8, 1, 3, 3), torch.arange(8) % 3)["total"].backward()
    with pytest.raises(sg.InputError, match=r"WithoutFold cannot be deployed, for it has no fold\(p\)"):
        sg.Trainer(method, sg.load_dataset("digits", train_examples=20, test_examples=20))


def test_recalibration_leaves_every_module_in_its_mode_and_drops_nothing_out():
    net = Foreign().train()
    net.norms[0].eval()
    x = torch.randn(8, 1, 3, 3) + 2
    seen = []
    net.dropout.register_forward_hook(lambda module, given, output: seen.append(torch.equal(given[0], output)))
    sg.recalibrate_batch_norm(net, None, [x])
    assert seen == [True]
    assert [net.training, net.norms[0].training, net.norms[1].training] == [True, False, True]
    torch.testing.assert_close(net.norms[0].running_mean, x.mean((0, 2, 3)))
    assert net.norms[0].momentum == 0.1
