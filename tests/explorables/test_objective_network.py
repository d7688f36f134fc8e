"""The objective's tiny network: it is what it is said to be, it is trained as PyTorch would, and only λ = 3 runs away."""

import numpy as np
import pytest
import torch
from support.stage import Mathematics

import sgutils as sg
from sgutils.widgets import bundle

START = bundle.default_state("objective")
# Gates of the student and of the teacher, and the images, as the page has them.
STUDENT, TEACHER = [1.0, 0.0], [0.75, 0.5]
IMAGES = torch.full((3, 3), 0.2, dtype=torch.float64).fill_diagonal_(1)
LABELS = torch.arange(3)
LAST = 160


@pytest.fixture(scope="module")
def journey(browser):
    page = browser.new_page()
    yield Mathematics(page, "objective/journey.js")
    page.close()


@pytest.fixture(scope="module")
def network(browser):
    page = browser.new_page()
    yield Mathematics(page, "objective/network.js")
    page.close()


class Network(torch.nn.Module):
    def __init__(self, weights):
        super().__init__()
        tensors = [*weights["blocks"], weights["classifier"]]
        self.weights = torch.nn.ParameterList(torch.tensor(values, dtype=torch.float64) for values in tensors)

    def forward(self, gates, images=IMAGES):
        h = images
        for gate, block in zip(gates, self.weights[:-1], strict=True):
            h = h + gate * h @ block.T
        return h @ self.weights[-1].T

    def loss(self, state):
        return sg.self_guidance_loss(
            self(STUDENT),
            self(TEACHER),
            LABELS,
            lam=state["lam"],
            tau=state["tau"],
            detach_teacher=state["detach_teacher"],
            kl_direction=state["kl_direction"],
        ).total


@pytest.fixture(scope="module")
def starts():
    """Where hands may have put the points: predictions of all kinds, none of them at a corner itself."""
    draw = np.random.default_rng(3)
    logits = np.log(np.maximum(draw.dirichlet(np.full(3, 0.5), (24, 2)), 0.004))
    logits -= logits.mean(axis=2, keepdims=True)
    return [START | {"student": s, "teacher": t, "label": i % 3} for i, (s, t) in enumerate(logits.tolist())]


def test_the_network_predicts_what_the_points_say(network, starts):
    for start, weights in zip(starts, network("networkWith", [(start,) for start in starts]), strict=True):
        net = Network(weights)
        for gates, name in ((STUDENT, "student"), (TEACHER, "teacher")):
            np.testing.assert_allclose(net(gates)[start["label"]].detach().numpy(), start[name], atol=1e-9)


@pytest.mark.parametrize("direction", ["teacher||student", "student||teacher"])
@pytest.mark.parametrize("detached", [True, False])
def test_it_takes_the_steps_of_sgd_with_momentum(journey, starts, direction, detached):
    for start in starts[:4]:
        state = start | {"kl_direction": direction, "detach_teacher": detached, "lam": 0.5}
        (path,) = journey("journey", [(state, 8)])
        net = Network(path[0]["net"])
        optimizer = torch.optim.SGD(net.parameters(), lr=0.06, momentum=0.9)
        for place in path:
            np.testing.assert_allclose(net(TEACHER)[state["label"]].detach(), place["teacher"], rtol=1e-7, atol=1e-9)
            np.testing.assert_allclose(net(STUDENT)[state["label"]].detach(), place["student"], rtol=1e-7, atol=1e-9)
            assert place["largest"] == pytest.approx(net(TEACHER).abs().max().item())
            optimizer.zero_grad()
            net.loss(state).backward()
            optimizer.step()


def lost(journey, states):
    """How many of these run away, and how many of the others end with all three images right."""
    ends = journey.evaluate(
        """([states, last]) => states.map((state) => {
          const path = M.journey(state, last);
          return [path.length, path.at(-1).right];
        })""",
        [states, LAST],
    )
    gone = [length <= LAST for length, _ in ends]
    calm = [right == 3 for (_, right), away in zip(ends, gone, strict=True) if not away]
    return sum(gone), sum(calm)


def test_small_weights_of_the_divergence_train_all_three_images(journey, starts):
    for lam in (0.0, 0.25):
        assert lost(journey, [start | {"lam": lam} for start in starts]) == (0, len(starts))
    assert lost(journey, [start | {"lam": 1.0} for start in starts])[0] == 0


def test_at_three_a_detached_teacher_runs_away_and_an_attached_one_does_not(journey, starts):
    away, _ = lost(journey, [START | {"lam": 3.0}])
    assert away == 1
    away, _ = lost(journey, [start | {"lam": 3.0} for start in starts])
    assert away > 0.7 * len(starts)
    for direction in ("teacher||student", "student||teacher"):
        attached = {"lam": 3.0, "detach_teacher": False, "kl_direction": direction}
        assert lost(journey, [start | attached for start in starts]) == (0, len(starts))


def test_the_page_says_that_the_logits_ran_away(stage):
    stage.show("objective", {"lam": 3.0})
    stage.page.get_by_role("button", name="Let them move").click()
    stage.picture()
    words = stage.page.locator("svg text").all_text_contents()
    assert any("run away after" in said for said in words)
    stage.page.get_by_label("attached", exact=True).focus()
    stage.page.keyboard.press("Space")
    stage.picture()
    words = stage.page.locator("svg text").all_text_contents()
    assert any("3 of 3 images right" in said for said in words)
    assert "NaN" not in stage.picture() and "Infinity" not in stage.picture()
