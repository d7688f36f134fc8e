"""The live map of the feature panel: the kernel says where the points lie, the page draws them."""

import base64

import anywidget
import traitlets

from .. import bundle


class FeatureMap(anywidget.AnyWidget):
    """Images as points, once for each network.

    Args:
        dataset: whose classes they are of.
        count: how many of its test images, the first ones.
    """

    _esm = bundle.bundled(bundle.HERE / "panels" / "feature_map.js")
    _css = bundle.stylesheet()

    images = traitlets.Dict().tag(sync=True)
    networks: traitlets.List = traitlets.List().tag(sync=True)  # {"name", "role"}, in the order of the positions
    positions = traitlets.Bytes().tag(sync=True)  # (networks, images, 2) float32
    moment = traitlets.Unicode().tag(sync=True)
    measures = traitlets.Unicode().tag(sync=True)

    def __init__(self, dataset, count):
        x = dataset.test_x[:count].float().mean(dim=1).round().byte()
        images = {
            "classes": list(dataset.classes),
            "labels": dataset.test_y[:count].tolist(),
            "side": x.shape[-1],
            "pixels": base64.b64encode(x.numpy().tobytes()).decode("ascii"),
        }
        super().__init__(images=images)

    # What a panel asks of its figure.

    def begin(self, epochs, below):
        """Take all points away."""
        self.positions, self.measures, self.moment = b"", "", "before the first step"

    def add(self, epoch, values):
        """An epoch is over."""
        self.moment = f"epoch {epoch}" if epoch else "before the first step"
