"""How a recording holds bytes: as text that JSON can carry."""

import base64

from torch import Tensor


def as_text(values: Tensor) -> str:
    """The bytes of a tensor in base64."""
    return base64.b64encode(values.cpu().numpy().tobytes()).decode("ascii")
