"""How far the file is read: a bar on a terminal, else a line at every tenth."""

from types import TracebackType
from typing import Never, Self, TextIO

from tqdm import tqdm

_STEPS = 10


class Progress:
    """`show(position, messages)`: bytes and messages read so far."""

    def __init__(self, size: int, out: TextIO) -> None:
        self._size = max(size, 1)
        self._out = out
        self._step = 0
        self._bar: tqdm[Never] | None = None
        if out.isatty():
            self._bar = tqdm(total=size, unit="B", unit_scale=True, file=out, desc="import")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, position: int, messages: int) -> None:
        if self._bar is not None:
            self._bar.update(position - self._bar.n)
            self._bar.set_postfix_str(f"{messages:,} messages", refresh=False)
            return
        step = position * _STEPS // self._size
        if step > self._step:
            self._step = step
            self._out.write(f"{min(100 * position // self._size, 100)} % read, {messages:,} messages\n")
            self._out.flush()
