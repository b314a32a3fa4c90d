"""What changed between two texts, as people read it."""

import re
from dataclasses import dataclass
from typing import Literal

from diff_match_patch import diff_match_patch

# Seconds; after this the rest counts as replaced, so that no pair of texts takes long.
DEADLINE_SECONDS = 0.2

Operation = Literal["equal", "insert", "delete"]
# Numbers with their decimals are one word: 96,50.
_WORDS = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d]+|.", re.DOTALL)
_OPERATIONS: dict[int, Operation] = {0: "equal", 1: "insert", -1: "delete"}


@dataclass(frozen=True)
class Segment:
    """A run of text that stayed, came or went."""

    operation: Operation
    text: str


def text_diff(before: str, after: str) -> list[Segment]:
    """The segments of both texts in order, whole words each; none where the texts are the same."""
    if before == after:
        return []
    differ = diff_match_patch()
    differ.Diff_Timeout = DEADLINE_SECONDS
    vocabulary: dict[str, str] = {}
    changes = differ.diff_main(_encode(before, vocabulary), _encode(after, vocabulary), checklines=False)
    differ.diff_cleanupSemantic(changes)
    words = {sign: word for word, sign in vocabulary.items()}
    return [
        Segment(_OPERATIONS[operation], "".join(words[sign] for sign in signs))
        for operation, signs in changes
    ]


def _encode(text: str, vocabulary: dict[str, str]) -> str:
    """One character for each word or sign: the library compares characters."""
    return "".join(vocabulary.setdefault(word, chr(len(vocabulary))) for word in _WORDS.findall(text))
