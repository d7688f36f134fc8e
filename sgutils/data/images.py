"""One image file as an array: whatever its colours, depth, orientation and size, it comes out as a person sees it."""

import os
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from ..checks import shown as said
from ..checks import whole_number
from ..errors import InputError

# Modes of Pillow that hold no colour.
_GREY = ("1", "L", "LA")
# Files whose integers of 32 bits are really 16, as Pillow reads them.
_SIXTEEN_BITS = ("PNG", "PPM")
_ORIENTATION = 0x0112  # EXIF's tag


@contextmanager
def without_warnings() -> Iterator[None]:
    """Around the reading of images: Pillow warns of what it can read all the same.

    It is entered by the thread that starts the reading, never by those that read: the filters of warnings belong to the
    whole process, and threads that put them back in another order than they took them lose them for everybody.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read_image(path: str | Path, size: tuple[int, int] | None = None) -> np.ndarray:
    """An image file as ``(H, W, 1)`` grey or ``(H, W, 3)`` coloured uint8 pixels.

    It is turned as its EXIF orientation says; what is transparent lies over white, 16 bits become 8, of several frames the
    first is taken.

    Args:
        path: of the file, in any format that Pillow knows.
        size: H and W to bring it to: it is scaled until it covers them, and cut around its centre. None leaves it.

    Raises:
        InputError: if there is no such file, it is not an image or is a damaged one, or Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise InputError(
            "Reading image files needs the package Pillow: install it with pip install 'sgutils[data]'."
        ) from error
    if not isinstance(path, (str, os.PathLike)):
        raise InputError(f"path must be the path of an image file, not {said(path)}.")
    if size is not None:
        if not isinstance(size, (tuple, list)) or len(size) != 2:
            raise InputError(f"size must be the height and the width, such as (32, 32), not {said(size)}.")
        size = (whole_number("the height", size[0], 1), whole_number("the width", size[1], 1))
    _check_file(path)
    try:
        with Image.open(path) as file:
            _check_extent(path, *file.size, Image.MAX_IMAGE_PIXELS)
            file.load()  # of some formats Pillow turns the image itself, and says so only then
            turn = _turn(file)
            image = _eight_bits(path, file)
            image = image if turn is None else image.transpose(turn)
            if size is not None and image.size != size[::-1]:
                image = _covering(path, image, size, Image.MAX_IMAGE_PIXELS)
            pixels = np.array(image, np.uint8)
    except InputError:
        raise
    except Image.DecompressionBombError as error:
        raise InputError(f"{shown(path)} has more pixels than an image may have: leave it out.") from error
    except Exception as error:  # Pillow's readers end in many kinds, by what the damaged bytes say
        raise InputError(
            f"{shown(path)} is not an image, or a damaged one: expected a file that Pillow can read, such as PNG or JPEG."
        ) from error
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def shown(path: str | Path) -> str:
    """A path for a person, also where its bytes are not UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _check_file(path: str | Path) -> None:
    try:
        regular = stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{shown(path)} cannot be read ({said}): expected an image file.") from error
    if not regular:  # opening a pipe would wait for whoever writes to it
        raise InputError(f"{shown(path)} is not a file: expected an image file.")
    if not os.access(path, os.R_OK):
        raise InputError(f"{shown(path)} cannot be read (Permission denied): expected an image file.")


def _check_extent(path: str | Path, width: int, height: int, most: int | None) -> None:
    if most is not None and width * height > most:
        raise InputError(f"{shown(path)} would have {width} x {height} pixels: leave it out, or make it smaller.")


def _eight_bits(path: str | Path, image):
    """In mode L or RGB, over white."""
    from PIL import Image

    if image.mode == "F" or (image.mode == "I" and image.format not in _SIXTEEN_BITS):
        raise InputError(f"{shown(path)} has pixels of 32 bits, of unknown range: save it with 8 or 16.")
    if image.mode.startswith("I"):
        deep = np.asarray(image)
        shallow = (deep / 257).round().clip(0, 255).astype(np.uint8)
        if isinstance(clear := image.info.get("transparency"), int):
            shallow[deep == clear] = 255
        return Image.fromarray(shallow)
    mode = "L" if image.mode in _GREY else "RGB"
    if image.mode in ("LA", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        over = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", over.size, "white"), over)
    return image.convert(mode)


def _turn(image) -> int | None:
    """Which of Pillow's transpositions sets the image upright; what else is in its EXIF does not matter."""
    from PIL.Image import Transpose

    orientation = 1
    with suppress(Exception):  # damaged EXIF leaves the image as it is
        orientation = image.getexif().get(_ORIENTATION, 1)
    return {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }.get(orientation)


def _covering(path: str | Path, image, size: tuple[int, int], most: int | None):
    """Scaled until it just covers H x W, then cut around its centre."""
    from PIL.Image import Resampling

    (width, height), (to_height, to_width) = image.size, size
    if width * to_height <= height * to_width:
        scaled = to_width, max(to_height, height * to_width // width)
    else:
        scaled = max(to_width, width * to_height // height), to_height
    _check_extent(path, *scaled, most)
    left, top = round((scaled[0] - to_width) / 2), round((scaled[1] - to_height) / 2)
    return image.resize(scaled, Resampling.BILINEAR).crop((left, top, left + to_width, top + to_height))
