"""Tokens: what a request used, and a guess of what a text will take."""

import math
from dataclasses import dataclass

# api-docs.deepseek.com/quick_start/token_usage: an English character is about 0.3 token, a Chinese one about
# 0.6. It says nothing of Cyrillic letters; they count as Chinese ones here, which is more than they take.
PER_ASCII_CHARACTER, PER_OTHER_CHARACTER = 0.3, 0.6


@dataclass(frozen=True, slots=True)
class Tokens:
    """What one request used: prompt tokens from the cache and not, and tokens of the answer."""

    hit: int = 0
    miss: int = 0
    output: int = 0

    @property
    def total(self) -> int:
        return self.hit + self.miss + self.output


def estimate(text: str) -> int:
    """The most tokens that a text should take, by DeepSeek's own rule of thumb; no network, no vocabulary."""
    plain = sum(character.isascii() for character in text)
    return math.ceil(PER_ASCII_CHARACTER * plain + PER_OTHER_CHARACTER * (len(text) - plain))
