"""How far a step is, for somebody who looks on."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm


@contextmanager
def step(name: str, *, total: int | None = None) -> Iterator[Callable[[int], object]]:
    """A bar on a terminal, nothing in a file or a pipe; yields what is told of each advance."""
    with tqdm(total=total, desc=name, disable=None, file=sys.stderr, leave=False, unit_scale=True) as bar:
        yield bar.update
