"""The playground's network, losses, gradients and optimiser are those of PyTorch and of sgutils' own methods."""

import json

import numpy as np
import pytest
import torch
from support.stage import Mathematics
from torch import nn

import sgutils as sg
from sgutils.networks.resnets import GatedBlock
from sgutils.widgets.recorders import digits as recorder

EXACT = {"rtol": 1e-6, "atol": 1e-9}  # sgutils keeps survival probabilities in single precision; asked for is 1e-5
SHAPE = {"inputs": 2, "width": 8, "blocks": 6, "classes": 3}
METHODS = {
    "baseline": lambda net, **_: sg.Baseline(net),
    "stochastic-depth": lambda net, p_last, **_: sg.StochasticDepth(net, p_last=p_last),
    "self-guidance": lambda net, **options: sg.SelfGuidance(net, **options),
    "without-backward-full": lambda net, **options: sg.SelfGuidance(net, **options, backward_full=False),
}
# Trains some steps on given batches and students, and tells what happened at each.
TRAIN = """({ shape, theta, batches, method, lam, tau, pLast, lr }) => {
  const layers = (values) => network.layersIn(shape, Float64Array.from(values));
  const zeros = Array(network.parameterCount(shape)).fill(0);
  const [net, gradients, momentum, count] = [layers(theta), layers(zeros), layers(zeros), batches[0].y.length];
  const passes = { student: network.createPass(shape, count), teacher: network.createPass(shape, count) };
  const p = Array.from({ length: shape.blocks }, (_, l) => 1 - ((l + 1) / shape.blocks) * (1 - pLast));
  const teacher = methods.deployedGates(method, p);
  const steps = batches.map(({ x, y, gates }) => {
    const batch = { x: Float64Array.from(x), y, count };
    const losses = training.lossesOf(net, passes, gradients, batch, { method, lam, tau, student: gates, teacher });
    training.descend(net, gradients, momentum, { lr });
    return { losses, gradients: [...gradients.values], theta: [...net.values] };
  });
  network.forward(net, passes.teacher, Float64Array.from(batches[0].x), count, teacher);
  return { steps, logits: [...passes.teacher.logits] };
}"""


@pytest.fixture(scope="module")
def modules(browser):
    """A page that knows `playground/network.js` as `network`, and so on."""
    page = browser.new_page()
    for file in ("lib/methods", "playground/network", "playground/training", "playground/views", "playground/datasets"):
        Mathematics(page, f"{file}.js").evaluate(f"window.{file.split('/')[1]} = window.M")
    yield page
    page.close()


class Network(nn.Module):
    """The reference: the blocks of sgutils' own networks, around linear layers."""

    def __init__(self, inputs, width, blocks, classes):
        super().__init__()
        branch = lambda: nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
        self.stem = nn.Linear(inputs, width)
        self.blocks = nn.ModuleList(GatedBlock(branch(), None) for _ in range(blocks))
        self.classifier = nn.Linear(width, classes)
        self.num_blocks = blocks

    def forward(self, x, gates=None):
        gates = [1.0] * self.num_blocks if gates is None else torch.as_tensor(gates, dtype=torch.float64).tolist()
        h = torch.relu(self.stem(x))
        for block, gate in zip(self.blocks, gates, strict=True):
            h = block(h, gate)
        return self.classifier(h)


def flat(values):
    return torch.cat([value.detach().flatten() for value in values]).numpy()


def trained(modules, method, *, steps, seed, lam=0.25, tau=3.0, p_last=0.5, lr=0.05, shape=SHAPE, count=16):
    """The same training in both worlds: the weights it starts from, what the page did, and the same method in torch."""
    torch.manual_seed(seed)
    net = Network(**shape).double()
    theta = flat(net.parameters())
    chosen = METHODS[method](net, lam=lam, tau=tau, p_last=p_last)
    draws = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9, nesterov=True)
    for parameter in net.parameters():  # as in sgutils.Trainer
        parameter.grad = torch.zeros_like(parameter)
    batches, expected = [], []
    for _ in range(steps):
        x, y = torch.randn(count, shape["inputs"], dtype=torch.float64), torch.randint(shape["classes"], (count,))
        gates = sg.sample_gates(sg.linear_decay(shape["blocks"], p_last), draws)
        chosen.students = StudentOnce(gates, sg.linear_decay(shape["blocks"], p_last))
        batches.append({"x": x.flatten().tolist(), "y": y.tolist(), "gates": gates.tolist()})
        losses = chosen.train()(x, y)
        optimizer.zero_grad(set_to_none=False)
        losses["total"].backward()
        optimizer_step = {"losses": losses, "gradients": flat(q.grad for q in net.parameters())}
        optimizer.step()
        expected.append(optimizer_step | {"theta": flat(net.parameters())})
    given = {"shape": shape, "theta": theta.tolist(), "batches": batches, "method": method, "lam": lam, "tau": tau}
    done = modules.evaluate(TRAIN, given | {"pLast": p_last, "lr": lr})
    logits = chosen.predict(torch.tensor(batches[0]["x"], dtype=torch.float64).reshape(count, -1))
    return done, expected, logits.detach().numpy()


class StudentOnce(nn.Module):
    """In the place of a method's sampler: the student that the page was given."""

    def __init__(self, gates, p):
        super().__init__()
        self.gates, self.p = gates, p

    def forward(self):
        return self.gates


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(4))
def test_losses_and_gradients_are_those_of_the_method_in_sgutils(modules, method, seed):
    lam, tau, p_last = [(0.25, 3.0, 0.5), (3.0, 1.0, 0.2), (0.0, 8.0, 0.9), (1.0, 2.5, 0.0)][seed]
    done, expected, _ = trained(modules, method, steps=1, seed=seed, lam=lam, tau=tau, p_last=p_last)
    (step,), (reference,) = done["steps"], expected
    names = {"total": "total", "ceStudent": "ce_student", "ceTeacher": "ce_teacher", "distill": "distill"}
    for name, ours in names.items():
        if ours in reference["losses"]:
            np.testing.assert_allclose(step["losses"][name], reference["losses"][ours].item(), **EXACT, err_msg=name)
    np.testing.assert_allclose(step["gradients"], reference["gradients"], **EXACT)
    assert np.abs(reference["gradients"]).max() > 1e-3


@pytest.mark.parametrize("method", METHODS)
def test_many_steps_end_at_the_same_weights(modules, method):
    """The optimiser included: Nesterov's momentum, which moves skipped blocks too."""
    done, expected, logits = trained(modules, method, steps=25, seed=7, p_last=0.3)
    for step, reference in zip(done["steps"], expected, strict=True):
        np.testing.assert_allclose(step["theta"], reference["theta"], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(np.reshape(done["logits"], logits.shape), logits, rtol=1e-5, atol=1e-6)


def test_digits_have_their_own_shape(modules):
    shape = {"inputs": 64, "width": 12, "blocks": 3, "classes": 10}
    done, expected, _ = trained(modules, "self-guidance", steps=3, seed=1, shape=shape)
    np.testing.assert_allclose(done["steps"][-1]["theta"], expected[-1]["theta"], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("method", ["stochastic-depth", "without-backward-full"])
def test_momentum_moves_a_skipped_block_as_in_the_trainer(modules, method):
    """Its gradient is zero, not missing: what it had learned before goes on."""
    done, expected, _ = trained(modules, method, steps=6, seed=2, p_last=0.0)
    size = 2 * (SHAPE["width"] + 1) * SHAPE["width"]
    start = (SHAPE["inputs"] + 1) * SHAPE["width"]
    moved = 0
    for block in range(SHAPE["blocks"]):
        weights, reference, gradients = (
            np.array([step[key] for step in steps])[:, start + block * size : start + (block + 1) * size]
            for steps, key in [(done["steps"], "theta"), (expected, "theta"), (done["steps"], "gradients")]
        )
        np.testing.assert_allclose(weights, reference, rtol=1e-6, atol=1e-8)
        learned = gradients.any(axis=1)
        skipped_later = ~learned[1:] & (np.cumsum(learned)[:-1] > 0)
        still = (weights[1:] == weights[:-1]).all(axis=1)
        assert not still[skipped_later].any()
        assert still[~learned[1:] & ~skipped_later].all()  # one that never ran has no momentum
        moved += skipped_later.sum()
    assert moved > 3


def test_training_is_the_same_for_the_same_seed_and_method(modules):
    train = """([data, method, seed]) => {
      const { train, inputs, classes } = datasets.createData(data, seed);
      const settings = { method, lam: 0.25, tau: 3, p_last: 0.5, depth: 6, lr: 0.01, seed, width: 8 };
      const run = training.createTraining({ ...train, inputs, classes }, settings);
      for (let i = 0; i < 30; i += 1) run.step();
      return [run.net.values.reduce((a, b) => a + b), run.student.join("")];
    }"""
    first, again, other, plain = (
        modules.evaluate(train, ["spirals", method, seed])
        for method, seed in [("self-guidance", 3), ("self-guidance", 3), ("self-guidance", 4), ("baseline", 3)]
    )
    assert first == again and first[0] != other[0] and first[0] != plain[0]
    assert first[1] == plain[1]  # the same students for every method


def test_a_loss_that_is_no_number_stops_the_training(modules):
    train = """() => {
      const { train, inputs, classes } = datasets.createData("rings", 0);
      const settings = { method: "self-guidance", lam: 3, tau: 1, p_last: 0.5, depth: 6, lr: 1e100, seed: 0, width: 8 };
      const run = training.createTraining({ ...train, inputs, classes }, settings);
      return [run.step(), run.step(), run.step(), run.steps];
    }"""
    first, *_, last, steps = modules.evaluate(train)
    assert first and not last and steps < 3


def test_digits_in_the_page_are_those_of_scikit_learn(modules):
    assert json.loads(recorder.OUT.read_text()) == recorder.recording()
    digits = sg.load_dataset("digits")
    x, y = modules.evaluate(
        "() => { const { test } = datasets.createData('digits', 0); return [[...test.x], [...test.y]]; }"
    )
    levels = (np.array(x) + 0.6) * 8
    np.testing.assert_allclose(levels, (digits.test_x.double().numpy().reshape(-1) * 16 / 255).round(), atol=1e-9)
    assert y == digits.test_y.tolist()


def test_principal_plane_is_that_of_the_features(modules):
    """Distances in it are those of the two first principal components; turning it does not change them."""
    random = np.random.default_rng(0)
    features, labels = random.normal(size=(60, 8)) @ random.normal(size=(8, 8)), random.integers(3, size=60)
    project = "([all, labels, width]) => [...views.principalPlane(Float64Array.from(all), labels, width)(Float64Array.from(all))]"
    places = np.reshape(modules.evaluate(project, [features.flatten().tolist(), labels.tolist(), 8]), (60, 2))
    centred = features - features.mean(axis=0)
    _, spread, axes = np.linalg.svd(centred, full_matrices=False)
    expected = centred @ axes[:2].T / (spread[0] / np.sqrt(60))
    distances = [np.linalg.norm(at[:, None] - at[None], axis=2) for at in (places, expected)]
    np.testing.assert_allclose(*distances, atol=1e-4)
    left = places[labels == 0].mean(axis=0)
    assert left[0] < 0 and abs(left[1]) < 1e-4 and places[labels == 1].mean(axis=0)[1] > -1e-4
