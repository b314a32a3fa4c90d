"""What a message says in words besides its text: a poll's options, a checklist's tasks, a formatted page.

They go into the message's text, so a changed task or option is an edit like any other, and search finds
them.
"""

from collections.abc import Callable, Iterable, Iterator

from bots.values import JSON, clean, full_name, objects

# A formatted message may nest; Telegram allows far less than this.
DEEPEST_BLOCK = 32
# Of a formatted message's block, what it shows, in the order in which people read it (RichBlock).
_BLOCK_PARTS = ("summary", "text", "expression", "blocks", "items", "cells", "buttons", "caption", "credit")


def kind_words(kind: str, value: object, notes: list[str]) -> str:
    """The words of a message's content; none where a kind has only facts."""
    return _say(_KINDS.get(kind), value, notes)


def event_words(event: str, value: object, notes: list[str]) -> str:
    """The words that came with a service message."""
    return _say(_EVENTS.get(event), value, notes)


_Speaker = Callable[[JSON, list[str]], Iterable[str]]


def _say(speaker: _Speaker | None, value: object, notes: list[str]) -> str:
    if speaker is None or not isinstance(value, dict):
        return ""
    return "\n".join(filter(None, speaker(value, notes)))


def _fields(*names: str) -> _Speaker:
    return lambda value, notes: (clean(value.get(name), notes) for name in names)


def _poll(poll: JSON, notes: list[str]) -> Iterator[str]:
    yield clean(poll.get("description"), notes)
    yield clean(poll.get("question"), notes)
    for option in objects(poll.get("options")):
        yield f"• {clean(option.get('text'), notes)}"


def _checklist(checklist: JSON, notes: list[str]) -> Iterator[str]:
    yield clean(checklist.get("title"), notes)
    yield from _tasks(checklist, notes)


def _tasks(checklist: JSON, notes: list[str]) -> Iterator[str]:
    for task in objects(checklist.get("tasks")):
        yield f"{'☑' if task.get('completion_date') else '☐'} {clean(task.get('text'), notes)}"


def _contact(contact: JSON, notes: list[str]) -> Iterator[str]:
    yield full_name(contact, notes)
    yield clean(contact.get("phone_number"), notes)


def _rich_message(message: JSON, notes: list[str]) -> Iterator[str]:
    for block in objects(message.get("blocks")):
        yield _block(block, notes, DEEPEST_BLOCK)


def _block(block: object, notes: list[str], depth: int) -> str:
    """A block's words, one part a line; a table's row is one line."""
    if not depth:
        notes.append("a formatted message is nested too deep to be read whole")
        return ""
    if isinstance(block, list):
        return "\n".join(filter(None, (_block(inner, notes, depth - 1) for inner in block)))
    if not isinstance(block, dict):
        return _rich_text(block, notes, depth - 1)
    parts = [
        _table(block[name], notes, depth - 1)
        if name == "cells"
        else _rich_text(block[name], notes, depth - 1)
        if name in {"text", "summary", "credit", "expression"}
        else _block(block[name], notes, depth - 1)
        for name in _BLOCK_PARTS
        if name in block
    ]
    words = "\n".join(filter(None, parts))
    label = clean(block.get("label"), notes)
    return f"{label} {words}" if label and words else words


def _table(rows: object, notes: list[str], depth: int) -> str:
    if not isinstance(rows, list):
        return ""
    lines = ([_rich_text(cell.get("text"), notes, depth) for cell in objects(row)] for row in rows)
    return "\n".join(" | ".join(line) for line in lines if any(line))


def _rich_text(text: object, notes: list[str], depth: int) -> str:
    """RichText: a string, a list of them, or an object that formats one."""
    if isinstance(text, str):
        return clean(text, notes)
    if not depth:
        return ""
    if isinstance(text, list):
        return "".join(_rich_text(inner, notes, depth - 1) for inner in text)
    if isinstance(text, dict):
        shown = next((text[n] for n in ("text", "expression", "alternative_text", "button") if n in text), "")
        return _rich_text(shown, notes, depth - 1)
    return ""


_KINDS: dict[str, _Speaker] = {
    "poll": _poll,
    "checklist": _checklist,
    "contact": _contact,
    "venue": _fields("title", "address"),
    "game": _fields("title", "description", "text"),
    "invoice": _fields("title", "description"),
    "rich_message": _rich_message,
}
_EVENTS: dict[str, _Speaker] = {
    "gift": _fields("text"),
    "unique_gift": _fields("text"),
    "gift_upgrade_sent": _fields("text"),
    "web_app_data": _fields("data"),
    "checklist_tasks_added": _tasks,
    "poll_option_added": _fields("option_text"),
    "poll_option_deleted": _fields("option_text"),
    "suggested_post_declined": _fields("comment"),
    "giveaway": _fields("prize_description"),
    "giveaway_winners": _fields("prize_description"),
}
