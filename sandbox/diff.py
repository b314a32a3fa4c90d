"""What changed between two texts, as people read it."""

from dataclasses import dataclass
from typing import Literal

from diff_match_patch import diff_match_patch

# Seconds; after this the rest counts as replaced, so that no pair of texts takes long.
DEADLINE_SECONDS = 0.2

Operation = Literal["equal", "insert", "delete"]
_OPERATIONS: dict[int, Operation] = {0: "equal", 1: "insert", -1: "delete"}


@dataclass(frozen=True)
class Segment:
    """A run of text that stayed, came or went."""

    operation: Operation
    text: str


def text_diff(before: str, after: str) -> list[Segment]:
    """The segments of both texts in order; none where they are the same."""
    if before == after:
        return []
    differ = diff_match_patch()
    differ.Diff_Timeout = DEADLINE_SECONDS
    changes = differ.diff_main(before, after)
    differ.diff_cleanupSemantic(changes)
    return [Segment(_OPERATIONS[operation], text) for operation, text in changes]
