"""What the last layer sees: penultimate features, how well they separate classes, and a live map of them.

A picture of features (t-SNE) persuades; the measures beside it say how much of that is there without the picture. Only
`penultimate` and `linear_cka` need nothing but torch: the others ask for scikit-learn, the live map for openTSNE.
"""

import importlib
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .checks import number, shown, whole_number
from .errors import InputError
from .gates import Gates
from .networks import GatedNetwork, evaluating

# Fewer images at a time keep the activations of a small network in the cache.
BATCH = 500


@torch.no_grad()
def penultimate(net: GatedNetwork, x: Tensor, gates: Gates = None) -> Tensor:
    """Penultimate features of the network with these gates, as it would be deployed.

    Batch norm uses its running statistics; every module's mode is as it was afterwards.

    Args:
        net: a gated network.
        x: ``(N, C, H, W)`` normalised images.
        gates: as for `GatedNetwork`.

    Returns:
        ``(N, D)``.

    Raises:
        InputError: if the network's features are not one row for each image.
    """
    if not isinstance(x, Tensor):
        raise InputError(f"x must be normalised images, a tensor (N, C, H, W), not {shown(x)}.")
    found = []
    with evaluating(net):
        for part in x.split(BATCH):
            features = net.features(part, gates)
            if not isinstance(features, Tensor) or features.ndim != 2 or len(features) != len(part):
                given = f"shape {tuple(features.shape)}" if isinstance(features, Tensor) else shown(type(features))
                raise InputError(
                    f"features must return (N, D), one row for each of {len(part)} images, but {type(net).__name__}'s are of {given}."
                )
            found.append(features)
    return torch.cat(found)


def silhouette(features: Tensor | np.ndarray, labels: Tensor | np.ndarray) -> float:
    """How much nearer an image is to its own class than to the next one, on average (Rousseeuw 1987): from -1 to 1.

    Per image ``(b - a) / max(a, b)``, with a its mean distance to its own class and b to the nearest other one. Scaling
    the features changes nothing, so that networks can be compared.

    Args:
        features: ``(N, D)``.
        labels: ``(N,)`` class indices, at least two classes and fewer than N.

    Raises:
        InputError: if the shapes do not belong together, or scikit-learn is missing.
    """
    features, labels = _pair(features, labels)
    if not 2 <= len(np.unique(labels)) < len(labels):
        raise InputError(
            f"The silhouette needs 2 to {len(labels) - 1} classes among {len(labels)} images, not {len(np.unique(labels))}."
        )
    return float(_sklearn("metrics").silhouette_score(_in_size(features), labels))


def linear_probe(
    train_features: Tensor | np.ndarray,
    train_labels: Tensor | np.ndarray,
    test_features: Tensor | np.ndarray,
    test_labels: Tensor | np.ndarray,
) -> float:
    """The test error of a new linear classifier on frozen features: how much of the classes a plane can tell apart.

    Logistic regression on standardised features (Alain and Bengio 2017).

    Args:
        train_features: ``(N, D)``, what the classifier learns from.
        train_labels: ``(N,)`` class indices.
        test_features: ``(M, D)``, of other images.
        test_labels: ``(M,)``.

    Returns:
        The share of wrong predictions.

    Raises:
        InputError: if the shapes do not belong together, or scikit-learn is missing.
    """
    train_features, train_labels = _pair(train_features, train_labels)
    test_features, test_labels = _pair(test_features, test_labels)
    if train_features.shape[1] != test_features.shape[1]:
        raise InputError(
            f"Training and test features must be equally wide, not {train_features.shape[1]} and {test_features.shape[1]}."
        )
    if len(np.unique(train_labels)) < 2:
        raise InputError("A probe needs training images of two classes at the least, and these are of one.")
    size = np.abs(train_features).max() or 1.0  # the scaler squares, and of what is huge squares are infinite
    train_features, test_features = train_features / size, test_features / size
    scale = _sklearn("preprocessing").StandardScaler()
    probe = _sklearn("linear_model").LogisticRegression(max_iter=1000)
    model = _sklearn("pipeline").make_pipeline(scale, probe).fit(train_features, train_labels)
    return float((model.predict(test_features) != test_labels).mean())


def linear_cka(a: Tensor | np.ndarray, b: Tensor | np.ndarray) -> float:
    """How alike two networks arrange the same images (Kornblith et al. 2019): from 0 to 1.

    ``||B'A||^2 / (||A'A|| ||B'B||)`` in Frobenius norms, A and B centred. Rotating or scaling the features of either
    changes nothing.

    Args:
        a: ``(N, D)`` features of N images.
        b: ``(N, E)`` features of the same images, in the same order.

    Raises:
        InputError: if there are not as many rows in both, or all features of one are alike.
    """
    a, b = (_matrix(features) for features in (a, b))
    if len(a) != len(b):
        raise InputError(f"CKA compares features of the same images, but there are {len(a)} rows and {len(b)}.")
    a, b = _in_size(a), _in_size(b)
    own = np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b)
    if own == 0:
        raise InputError("CKA needs features that differ from image to image.")
    return float(np.linalg.norm(b.T @ a) ** 2 / own)


def principal_components(features: Tensor | np.ndarray, count: int) -> tuple[np.ndarray, float]:
    """The directions in which features spread most.

    Args:
        features: ``(N, D)``.
        count: how many directions, at most D.

    Returns:
        The features along them, ``(N, count)``, centred; and the share of the variance that they keep.
    """
    features = _matrix(features)
    count = whole_number("count, of principal components,", count, 1, min(features.shape))
    u, s, _ = np.linalg.svd(features - features.mean(axis=0), full_matrices=False)
    total = (s**2).sum()
    return u[:, :count] * s[:count], float((s[:count] ** 2).sum() / total) if total > 0 else 1.0


class LiveMap:
    """One t-SNE map of features that change: each new set starts from where the points lie (openTSNE).

    Only the first set is laid out from scratch, with early exaggeration; afterwards points keep their places as far as
    their new neighbours let them, so that the eye can follow each.

    Args:
        perplexity: about how many neighbours a point attends to.
        seed: of the first layout.
    """

    def __init__(self, perplexity: float = 30.0, seed: int = 0):
        try:
            import openTSNE
        except ImportError as error:
            raise InputError(
                "The live map is computed by openTSNE, which is not installed: pip install openTSNE."
            ) from error
        self.check(None, perplexity)
        self._library = openTSNE
        self.perplexity = float(perplexity)
        self.seed = seed
        self._map: Any = None

    @staticmethod
    def check(points: int | None, perplexity: float) -> None:
        """Raise an `InputError` unless this many points can be laid out at that perplexity; None is enough of them."""
        perplexity = number("perplexity", perplexity, least=2, most=500)
        if points is not None and points <= 3 * perplexity:
            raise InputError(f"Perplexity {perplexity:g} needs more than {3 * perplexity:g} points, not {points}.")

    @property
    def begun(self) -> bool:
        """Whether there is anything to see."""
        return self._map is not None

    @property
    def positions(self) -> np.ndarray:
        """``(N, 2)``, where the points lie."""
        return np.asarray(self._map)

    def show(self, features: Tensor | np.ndarray) -> None:
        """From now on the map is of these features, row for row the points that were there before.

        Args:
            features: ``(N, D)``, with N more than three times the perplexity.

        Raises:
            InputError: if there are too few rows, or not as many as before.
        """
        features = _in_size(_matrix(features))
        self.check(len(features), self.perplexity)
        if self._map is not None and len(features) != len(self._map):
            raise InputError(
                f"The map holds {len(self._map)} points, but features of {len(features)} came: make a new map."
            )
        affinities = self._library.affinity.PerplexityBasedNN(
            features, perplexity=self.perplexity, random_state=self.seed
        )
        settings = {
            "negative_gradient_method": "bh",
            "random_state": self.seed,
            "n_jobs": 1,
            "learning_rate": len(features) / 12,
        }
        if self._map is None:
            same = not features.any()  # of which there are no principal components
            start = (self._library.initialization.random if same else self._library.initialization.pca)(
                features, random_state=self.seed
            )
            self._map = self._library.TSNEEmbedding(start, affinities, **settings)
            self._map.optimize(150, exaggeration=12, momentum=0.5, inplace=True)
        else:
            # Features of a network that trains spread further and further; the map keeps its own scale.
            self._map = self._library.TSNEEmbedding(self.positions.copy(), affinities, **settings)

    def move(self, iterations: int) -> np.ndarray:
        """Let the points move towards their neighbours for this many iterations; returns `positions`."""
        if self._map is None:
            raise InputError("The map has no features yet: call show(features) first.")
        self._map.optimize(iterations, momentum=0.8, inplace=True)
        return self.positions


def _matrix(features: Tensor | np.ndarray) -> np.ndarray:
    """Features as a ``(N, D)`` float64 array."""
    if isinstance(features, Tensor) and features.dtype == torch.bfloat16:  # which numpy does not know
        features = features.float()
    values = features.detach().cpu().numpy() if isinstance(features, Tensor) else np.asarray(features)
    if values.ndim != 2 or not len(values) or values.dtype.kind not in "fiu":
        raise InputError(f"Features must be numbers of shape (N, D), not {values.shape}.")
    if not np.isfinite(values).all():
        raise InputError("Features must be finite numbers.")
    return values.astype(np.float64)


def _in_size(features: np.ndarray) -> np.ndarray:
    """The features centred, and as large as 1, for squares of what is tiny or huge are lost; what is all alike is 0."""
    size = np.abs(features).max()
    centred = features / (size or 1.0)
    centred -= centred.mean(axis=0)
    size = np.abs(centred).max()
    return centred / size if size > 1e-12 else np.zeros_like(centred)


def _pair(features: Tensor | np.ndarray, labels: Tensor | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    features = _matrix(features)
    labels = labels.cpu().numpy() if isinstance(labels, Tensor) else np.asarray(labels)
    if labels.shape != (len(features),):
        raise InputError(f"There must be one label for each of the {len(features)} images, not shape {labels.shape}.")
    if labels.dtype.kind not in "iu":
        raise InputError(f"Labels must be class indices, whole numbers, not {labels.dtype}.")
    return features, labels


def _sklearn(part: str) -> ModuleType:
    try:
        return importlib.import_module(f"sklearn.{part}")
    except ImportError as error:
        raise InputError(
            "This measure is computed by scikit-learn, which is not installed: pip install scikit-learn."
        ) from error
