"""Pictures as small files that change only when what they show does."""

import io
from pathlib import Path

from PIL import Image, ImageChops

# A palette is a third of the size, and no eye sees it on a page of text.
COLOURS = 256
# Times and dates, which are others at every run, are less than this share of a page.
MOST_ALIKE = 0.02
# Of 255: what two palettes make of one colour differs less.
VISIBLE = 24


def keep(shot: bytes, path: Path) -> bool:
    """Store the picture; whether it differs from the one that was there by more than its dates."""
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    if path.exists() and differing(image, Image.open(path).convert("RGB")) < MOST_ALIKE:
        return False
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    return True


def differing(image: Image.Image, other: Image.Image) -> float:
    """The share of pixels that an eye tells apart, from 0 to 1."""
    if image.size != other.size:
        return 1.0
    largest = ImageChops.difference(image, other).convert("L").point(lambda value: 255 * (value > VISIBLE))
    return largest.histogram()[255] / (image.width * image.height)
