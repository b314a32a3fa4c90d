"""The text of a v3 result, from its events (cloudapi, stt.proto: StreamingResponse)."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

# A piece of speech: its channel, and the number of its `final`.
_Place = tuple[str, int]


def text_of(events: Iterable[dict[str, Any]]) -> str:
    """Each piece of speech once, in its refined wording where there is one, channel after channel."""
    finals: dict[_Place, str] = {}
    refined: dict[_Place, str] = {}
    seen: dict[str, int] = defaultdict(int)
    for event in events:
        result = event.get("result")
        result = result if isinstance(result, dict) else event
        if isinstance(final := result.get("final"), dict):
            channel = _channel(result, final)
            cursors = result.get("audioCursors")
            told = cursors.get("finalIndex") if isinstance(cursors, dict) else None
            # Numbers are strings here, and a zero may be left out.
            finals[channel, _number(told, seen[channel])] = _first(final)
            seen[channel] += 1
        if isinstance(refinement := result.get("finalRefinement"), dict):
            normalized = refinement.get("normalizedText")
            words = normalized if isinstance(normalized, dict) else {}
            place = _channel(result, words), _number(refinement.get("finalIndex"), 0)
            refined[place] = _first(words)
    pieces = finals | {place: words for place, words in refined.items() if words}
    return " ".join(filter(None, (pieces[place] for place in sorted(pieces, key=_order))))


def _order(place: _Place) -> tuple[int, str, int]:
    channel, number = place
    return (_number(channel, 0), channel, number)


def _first(update: dict[str, Any]) -> str:
    """The likeliest wording."""
    alternatives = update.get("alternatives")
    first = alternatives[0] if isinstance(alternatives, list) and alternatives else {}
    text = first.get("text") if isinstance(first, dict) else ""
    return text.strip() if isinstance(text, str) else ""


def _channel(*places: dict[str, Any]) -> str:
    return next(
        (str(place["channelTag"]) for place in places if place.get("channelTag") not in (None, "")), "0"
    )


def _number(value: object, otherwise: int) -> int:
    if isinstance(value, str) and value.isdecimal() and len(value) < 19:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise
