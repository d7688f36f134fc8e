import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import sgutils as sg

probabilities = st.floats(0, 1, width=32)


@given(num_blocks=st.integers(1, 200), p_last=probabilities)
def test_linear_decay_is_the_formula_of_stochastic_depth(num_blocks, p_last):
    p = sg.linear_decay(num_blocks, p_last)
    expected = [1 - l / num_blocks * (1 - p_last) for l in range(1, num_blocks + 1)]
    assert p.shape == (num_blocks,) and p.dtype == torch.float32
    torch.testing.assert_close(p.double(), torch.tensor(expected, dtype=torch.float64), atol=1e-7, rtol=0)


def test_the_first_block_can_be_skipped_and_the_last_has_p_last():
    p = sg.linear_decay(15, 0.5)
    assert p[0] == pytest.approx(1 - 0.5 / 15) and p[-1] == 0.5


@pytest.mark.parametrize(("num_blocks", "mean"), [(15, 0.733), (24, 0.740), (36, 0.743)])
def test_expected_depth_of_the_papers_networks(num_blocks, mean):
    depth = sg.expected_depth(sg.linear_decay(num_blocks, 0.5))
    assert depth / num_blocks == pytest.approx(mean, abs=5e-4)
    assert depth == pytest.approx((3 * num_blocks - 1) / 4)  # sum of 1 - l/(2L), by hand


def test_expected_depth_is_a_float():
    assert type(sg.expected_depth([0.25, 0.5])) is float and sg.expected_depth([0.25, 0.5]) == 0.75


@given(num_blocks=st.integers(1, 50), p=probabilities)
def test_uniform_survival_is_the_same_everywhere(num_blocks, p):
    assert sg.uniform_survival(num_blocks, p).tolist() == [p] * num_blocks


def test_gates_are_zeros_and_ones_that_the_seed_decides():
    p = sg.linear_decay(24)
    draws = [sg.sample_gates(p, generator=torch.Generator().manual_seed(seed)).tolist() for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]
    assert set(sum(draws, [])) == {0.0, 1.0}


def test_each_block_survives_as_often_as_its_probability():
    p, generator, draws = sg.linear_decay(10, 0.2), torch.Generator().manual_seed(0), 20_000
    share = sum(sg.sample_gates(p, generator=generator) for _ in range(draws)) / draws
    five_sigma = 5 * (p * (1 - p) / draws).sqrt()
    assert ((share - p).abs() <= five_sigma).all()


def test_blocks_are_drawn_independently():
    p, generator = torch.full((2,), 0.5), torch.Generator().manual_seed(0)
    draws = torch.stack([sg.sample_gates(p, generator=generator) for _ in range(10_000)])
    assert abs(torch.corrcoef(draws.T)[0, 1]) < 5 / math.sqrt(10_000)


def test_certain_blocks_always_and_impossible_blocks_never_survive():
    generator = torch.Generator().manual_seed(0)
    for _ in range(200):
        assert sg.sample_gates([1.0, 0.0], generator=generator).tolist() == [1.0, 0.0]


def test_sampling_leaves_the_global_generator_alone():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    sg.sample_gates([0.5] * 4, generator=torch.Generator().manual_seed(1))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sg.linear_decay(0), "num_blocks.*0"),
        (lambda: sg.linear_decay(10**10), "num_blocks.*to 1000000, not 10000000000"),
        (lambda: sg.sample_gates([0.5], 0), "generator must be a torch.Generator, not 0"),
        (lambda: sg.linear_decay(2.5), "num_blocks.*2.5"),
        (lambda: sg.linear_decay(3, 1.5), "p_last.*from 0 to 1.*1.5"),
        (lambda: sg.linear_decay(3, float("nan")), "p_last.*nan"),
        (lambda: sg.uniform_survival(3, -0.1), "from 0 to 1.*-0.1"),
        (lambda: sg.sample_gates([0.5, 1.2]), "block 2.*1.2"),
        (lambda: sg.sample_gates([]), "one per block"),
        (lambda: sg.sample_gates([[0.5]]), "1-D"),
        (lambda: sg.sample_gates("half"), "list of numbers"),
        (lambda: sg.expected_depth([2.0]), "block 1.*2.0"),
    ],
)
def test_bad_input_is_one_sentence(call, words):
    with pytest.raises(sg.InputError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


@pytest.mark.parametrize("listed", [False, True], ids=["a tensor", "a list of tensors"])
def test_gates_that_are_to_be_learned_get_their_gradient(listed):
    gates = torch.full((9,), 0.5, requires_grad=True)
    net, x = sg.resnet20(num_classes=4).eval(), torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    net(x, list(gates) if listed else gates).square().sum().backward()
    assert gates.grad is not None and (gates.grad != 0).all()
    with torch.no_grad():
        assert torch.allclose(net(x, gates), net(x, [0.5] * 9))


@pytest.mark.parametrize("gates", [dict.fromkeys(range(9), 1.0), "1" * 9, ["1"] * 9, [b"1"] * 9])
def test_gates_by_name_or_as_words_are_refused(gates):
    with pytest.raises(sg.InputError, match="gates must be 9 numbers, one per block, not"):
        sg.resnet20(num_classes=4)(torch.zeros(1, 3, 8, 8), gates)
