"""The export's JSON, read in passing: heads of chats, each followed by its messages.

An export of one chat is `{name, type, id, messages}`; one of an account holds such objects in `chats.list`
and `left_chats.list`. Which of them it is shows itself while reading.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import ijson

from messaging.history.errors import ExportError
from messaging.history.repair import CHUNK

JSON = dict[str, Any]
_Events = Iterator[tuple[str, Any]]
_LISTS = frozenset({"chats", "left_chats"})


class Readable(Protocol):
    position: int

    def read(self, size: int) -> bytes: ...


@dataclass(frozen=True, kw_only=True)
class ChatHead:
    """What the export says of a chat before its messages; `name` is empty where it has none."""

    id: int
    type: str
    name: str = ""
    is_alone: bool = True


def read_export(stream: Readable) -> Iterator[object]:
    """Each chat's head, then its messages as they are (objects, unless the file was tampered with).

    Raises ExportError where the file ends early or is no export; what was given until then is good.
    """
    try:
        yield from _read(ijson.basic_parse(stream, buf_size=CHUNK, use_float=True))
    except ijson.IncompleteJSONError as error:
        # yajl says the same of rubbish and of a file that ends.
        if "premature EOF" in str(error) or "incomplete" in str(error).lower():
            raise ExportError(f"the file is cut off: it ends at byte {stream.position:,}") from error
        raise ExportError(_broken(error, stream)) from error
    except (ijson.JSONError, UnicodeDecodeError) as error:
        raise ExportError(_broken(error, stream)) from error
    except RecursionError as error:
        raise ExportError(f"nested too deeply before byte {stream.position:,}") from error


def _broken(error: Exception, stream: Readable) -> str:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if "UTF-8" in reason or "UTF8" in reason or isinstance(error, UnicodeDecodeError):
        reason = "not UTF-8, as an export is"
    return f"broken before byte {stream.position:,}: {reason}"


def _read(events: _Events) -> Iterator[object]:
    found = False
    head: JSON = {}
    if next(events, ("", None))[0] != "start_map":
        raise ExportError("not an export of Telegram Desktop: no JSON object")
    for event, key in events:
        if event == "end_map":
            break
        event, value = next(events)
        if key == "messages" and event == "start_array":
            found = True
            yield _head(head, is_alone=True)
            yield from _items(events)
        elif key in _LISTS and event == "start_map":
            found = True
            yield from _chat_list(events)
        else:
            head[key] = _skip(events, event, value)
    if not found:
        raise ExportError("not an export of Telegram Desktop: it holds neither messages nor chats")
    for _nothing in events:  # whatever follows the object is an error that the parser names
        pass


def _chat_list(events: _Events) -> Iterator[object]:
    """Inside `chats` or `left_chats`, after its opening brace."""
    for event, key in events:
        if event == "end_map":
            return
        event, value = next(events)
        if key == "list" and event == "start_array":
            for event, value in events:
                if event == "end_array":
                    break
                if event == "start_map":
                    yield from _chat(events)
                else:
                    _skip(events, event, value)
        else:
            _skip(events, event, value)


def _chat(events: _Events) -> Iterator[object]:
    head: JSON = {}
    for event, key in events:
        if event == "end_map":
            return
        event, value = next(events)
        if key == "messages" and event == "start_array":
            yield _head(head, is_alone=False)
            yield from _items(events)
        else:
            head[key] = _skip(events, event, value)


def _head(raw: JSON, *, is_alone: bool) -> ChatHead:
    number, kind, name = raw.get("id"), raw.get("type"), raw.get("name")
    if not isinstance(number, int) or not isinstance(kind, str):
        raise ExportError(
            "not an export of Telegram Desktop: messages without a chat's id and type before them"
        )
    return ChatHead(id=number, type=kind, name=name if isinstance(name, str) else "", is_alone=is_alone)


def _items(events: _Events) -> Iterator[object]:
    for event, value in events:
        if event == "end_array":
            return
        yield _value(events, event, value)


def _value(events: _Events, event: str, value: object) -> object:
    if event == "start_map":
        return _object(events)
    return _array(events) if event == "start_array" else value


def _object(events: _Events) -> JSON:
    result: JSON = {}
    key = ""
    for event, value in events:
        if event == "map_key":
            key = value
        elif event == "end_map":
            return result
        elif event == "start_map":
            result[key] = _object(events)
        elif event == "start_array":
            result[key] = _array(events)
        else:
            result[key] = value
    return result


def _array(events: _Events) -> list[object]:
    return list(_items(events))


def _skip(events: _Events, event: str, value: object) -> object:
    """Pass over a value without keeping it; a plain one is returned."""
    if event not in ("start_map", "start_array"):
        return value
    depth = 1
    while depth:
        event, _value = next(events)
        depth += event in ("start_map", "start_array")
        depth -= event in ("end_map", "end_array")
    return None
