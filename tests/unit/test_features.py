"""Features and their measures, against closed forms that share no code with them; and the live map."""

import sys

import numpy as np
import pytest
import torch

import sgutils as sg
from sgutils import features

RANDOM = np.random.default_rng(0)


def groups(apart, per_group=40, dimensions=6, seed=0):
    """Three round groups and their labels."""
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(3), per_group)
    return random.normal(size=(len(labels), dimensions)) + apart * np.eye(dimensions)[labels], labels


def test_features_are_what_the_classifier_sees():
    torch.manual_seed(0)
    net = sg.resnet20(in_channels=1).train()
    x, gates = torch.randn(7, 1, 8, 8), [1, 1, 0, 1, 0.5, 1, 1, 0, 1]
    found = features.penultimate(net, x, gates)
    assert net.training and not found.requires_grad and found.shape == (7, 64)
    net.eval()
    torch.testing.assert_close(net.classifier(found), net(x, gates))


def test_features_do_not_depend_on_how_many_images_go_together(monkeypatch):
    net, x = sg.resnet20(in_channels=1), torch.randn(10, 1, 8, 8)
    together = features.penultimate(net, x)
    monkeypatch.setattr(features, "BATCH", 3)
    torch.testing.assert_close(features.penultimate(net, x), together)


def hsic_cka(a, b):
    """CKA from the Gram matrices of the images: the other way round (Kornblith et al. 2019, Eq. 3)."""
    n = len(a)
    centre = np.eye(n) - np.ones((n, n)) / n
    k, l = centre @ (a @ a.T) @ centre, centre @ (b @ b.T) @ centre
    return np.trace(k @ l) / np.sqrt(np.trace(k @ k) * np.trace(l @ l))


@pytest.mark.parametrize(("n", "d", "e"), [(20, 5, 8), (8, 30, 3), (50, 4, 4)])
def test_cka_is_that_of_the_gram_matrices(n, d, e):
    a, b = RANDOM.normal(size=(n, d)) + 3, RANDOM.normal(size=(n, e))
    assert features.linear_cka(a, b) == pytest.approx(hsic_cka(a, b))
    assert features.linear_cka(torch.tensor(a).float(), b) == pytest.approx(hsic_cka(a, b), abs=1e-5)


def test_cka_knows_neither_rotation_nor_scale_nor_place():
    a, b = RANDOM.normal(size=(30, 6)), RANDOM.normal(size=(30, 6))
    rotation = np.linalg.qr(RANDOM.normal(size=(6, 6)))[0]
    assert features.linear_cka(a, 5 * a @ rotation + 7) == pytest.approx(1)
    assert features.linear_cka(a, 5 * b @ rotation + 7) == pytest.approx(features.linear_cka(a, b))
    assert features.linear_cka(a, b) == pytest.approx(features.linear_cka(b, a))


def test_cka_of_uncorrelated_features_is_zero():
    a = np.array([[1.0], [-1.0], [1.0], [-1.0]])
    b = np.array([[1.0], [1.0], [-1.0], [-1.0]])
    assert features.linear_cka(a, b) == pytest.approx(0)


def test_silhouette_is_the_mean_over_images():
    x, labels = groups(apart=2.0, per_group=5)
    distances = np.linalg.norm(x[:, None] - x[None], axis=2)
    values = []
    for i, own in enumerate(labels):
        mean = {c: distances[i, labels == c].sum() / ((labels == c).sum() - (c == own)) for c in range(3)}
        a, b = mean[own], min(value for c, value in mean.items() if c != own)
        values.append((b - a) / max(a, b))
    assert features.silhouette(x, labels) == pytest.approx(np.mean(values))
    assert features.silhouette(torch.tensor(100 * x), torch.tensor(labels)) == pytest.approx(np.mean(values))


def test_groups_further_apart_have_a_larger_silhouette_and_a_smaller_probe_error():
    near, labels = groups(apart=1.0)
    far, _ = groups(apart=6.0)
    assert features.silhouette(far, labels) > features.silhouette(near, labels) + 0.2
    errors = [features.linear_probe(*groups(apart), *groups(apart, seed=1)) for apart in (1.0, 6.0)]
    assert errors[1] < 0.02 < errors[0]


def test_the_probe_is_tested_on_other_images():
    """Noise of many dimensions is learnt by heart, and that must not look like knowledge."""
    random = np.random.default_rng(1)
    train, test = random.normal(size=(40, 200)), random.normal(size=(400, 200))
    labels = random.integers(0, 2, 440)
    assert features.linear_probe(train, labels[:40], train, labels[:40]) == 0
    assert 0.4 < features.linear_probe(train, labels[:40], test, labels[40:]) < 0.6


def test_principal_components_keep_distances_when_all_are_kept():
    x = RANDOM.normal(size=(12, 4)) * [3, 2, 1, 0.1]
    rotated, kept = features.principal_components(x, 4)
    assert kept == pytest.approx(1)
    np.testing.assert_allclose(
        np.linalg.norm(rotated[:, None] - rotated, axis=2), np.linalg.norm(x[:, None] - x, axis=2)
    )
    first, share = features.principal_components(x, 1)
    values = np.linalg.eigvalsh(np.cov(x.T))
    assert share == pytest.approx(values[-1] / values.sum())
    assert first.var(ddof=1) == pytest.approx(values[-1])


@pytest.fixture(scope="module")
def moved():
    """A map of three groups, and the same map after every point has moved a little."""
    x, labels = groups(apart=8.0)
    live = features.LiveMap(perplexity=10, seed=0)
    live.show(x)
    before = live.move(100).copy()
    live.show(x + np.random.default_rng(2).normal(size=x.shape) / 100)
    return before, live.move(10).copy(), labels


def test_the_map_shows_groups(moved):
    before, _, labels = moved
    assert features.silhouette(before, labels) > 0.6


def test_points_keep_their_places_when_their_features_hardly_change(moved):
    before, after, _ = moved
    spread = np.linalg.norm(before - before.mean(axis=0), axis=1).mean()
    assert np.linalg.norm(after - before, axis=1).max() < spread / 3
    assert not np.array_equal(before, after)


def test_a_map_repeats_itself():
    x, _ = groups(apart=4.0)
    maps = []
    for seed in (0, 0):
        live = features.LiveMap(perplexity=10, seed=seed)
        live.show(x)
        maps.append(live.move(5).copy())
    assert np.array_equal(*maps)


@pytest.mark.parametrize("perplexity", [20, 20.0, np.float32(20), np.int64(20)])
def test_a_perplexity_is_any_number(perplexity):
    assert features.LiveMap(perplexity=perplexity).perplexity == 20


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: features.linear_cka(np.ones((3, 2)), np.eye(4)), "there are 3 rows and 4"),
        (lambda: features.linear_cka(np.ones((3, 2)), np.eye(3)), "differ from image to image"),
        (lambda: features.linear_cka(np.full((3, 2), np.nan), np.eye(3)), "finite"),
        (lambda: features.silhouette(np.eye(3), [0, 1]), "one label for each of the 3 images"),
        (lambda: features.silhouette(np.eye(3), [0, 0, 0]), "needs 2 to 2 classes among 3 images, not 1"),
        (lambda: features.silhouette(np.zeros(3), [0, 1, 1]), "shape (N, D), not (3,)"),
        (lambda: features.linear_probe(np.eye(3), [0, 1, 1], np.eye(4), [0] * 4), "equally wide, not 3 and 4"),
        *(
            (lambda count=count: features.principal_components(np.eye(3), count), "from 1 to 3, not")
            for count in (4, 1.5, "2", True)
        ),
        (lambda: features.silhouette(np.eye(3), [0.0, 1.0, float("nan")]), "class indices, whole numbers, not float64"),
        (lambda: features.linear_probe(np.eye(3), [1, 1, 1], np.eye(3), [0, 1, 1]), "two classes at the least"),
        *(
            (lambda x=x: features.penultimate(sg.resnet20(), x), words)
            for x, words in (
                (np.zeros((2, 3, 8, 8)), "x must be normalised images"),
                ([1.0], "x must be normalised images"),
                (torch.zeros(2, 3, 8, 8, dtype=torch.uint8), "The network takes images (N, 3, H, W)"),
                (torch.zeros(3, 8, 8), "The network takes images (N, 3, H, W)"),
            )
        ),
        (lambda: features.LiveMap(perplexity=1), "perplexity must be a number from 2 to 500, not 1."),
        (lambda: features.LiveMap().move(1), "call show(features) first"),
        (lambda: features.LiveMap(perplexity=5).show(np.eye(10)), "more than 15 points, not 10"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(call, said):
    with pytest.raises(sg.InputError) as caught:
        call()
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_another_number_of_points_needs_another_map():
    live = features.LiveMap(perplexity=2)
    live.show(RANDOM.normal(size=(20, 3)))
    with pytest.raises(sg.InputError, match="holds 20 points, but features of 30 came"):
        live.show(RANDOM.normal(size=(30, 3)))


@pytest.mark.parametrize(
    ("missing", "call"),
    [("sklearn.metrics", lambda: features.silhouette(np.eye(3), [0, 1, 1])), ("openTSNE", features.LiveMap)],
)
def test_a_missing_library_is_one_sentence(monkeypatch, missing, call):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(sg.InputError, match="is not installed: pip install"):
        call()


def test_features_of_half_precision_and_huge_ones_are_measured():
    draws = np.random.default_rng(0)
    x, labels = draws.normal(size=(40, 5)), np.arange(40) % 4
    assert features.silhouette(torch.tensor(x).bfloat16(), labels) == pytest.approx(
        features.silhouette(x, labels), abs=0.01
    )
    assert features.linear_probe(x * 1e300, labels, x * 1e300, labels) == features.linear_probe(x, labels, x, labels)


@pytest.mark.parametrize("size", [1e-200, 1e-170, 1e200])
def test_tiny_and_huge_features_are_measured_as_others_are(size):
    draws = np.random.default_rng(0)
    x, y, labels = draws.normal(size=(40, 5)), draws.normal(size=(40, 3)), np.arange(40) % 4
    assert features.silhouette(x * size, labels) == pytest.approx(features.silhouette(x, labels))
    assert features.linear_cka(x * size, y) == pytest.approx(features.linear_cka(x, y))


@pytest.mark.parametrize(
    "points", [np.zeros((40, 5)), np.full((40, 5), 0.1), np.random.default_rng(0).normal(size=(40, 5)) * 1e200]
)
def test_a_live_map_of_features_that_are_all_alike_or_huge_has_places(points):
    live = features.LiveMap(perplexity=5)
    live.show(points)
    assert np.isfinite(live.move(10)).all()
