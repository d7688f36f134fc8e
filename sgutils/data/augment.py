"""Batched augmentation where the network is: one gather for a whole mini-batch, no loader process to wait for."""

import torch
import torch.nn.functional as F
from torch import Tensor


def augment(images: Tensor, *, pad: int = 0, shift: Tensor | None = None, flip: Tensor | None = None) -> Tensor:
    """Shift each image by its own number of pixels (zero padding) and flip some of them, all in one gather.

    Args:
        images: ``(N, C, H, W)`` float, already normalised, so that the padding is the mean colour.
        pad: the largest shift in pixels; the paper's recipe is 4 for 32 x 32.
        shift: ``(2, N, 1)`` whole numbers from 0 to ``2 * pad``, rows and columns; None leaves the images in place.
        flip: ``(N, 1)`` booleans, whether to flip left to right; None flips none.

    Returns:
        ``(N, C, H, W)``.
    """
    n, _, height, width = images.shape
    rows = torch.arange(height, device=images.device).expand(n, height)
    columns = torch.arange(width, device=images.device).expand(n, width)
    if shift is not None:
        rows, columns = rows + shift[0], columns + shift[1]
        images = F.pad(images, (pad, pad, pad, pad))
    if flip is not None:
        columns = torch.where(flip, columns.flip(1), columns)
    index = torch.arange(n, device=images.device)
    # Indexing dimensions 0, 2 and 3 together puts them first: (N, H, W, C), which is channels_last seen as (N, C, H, W).
    return images[index[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
