"""What a message holds besides its text, in words."""

from collections.abc import Iterator

from django.template.defaultfilters import filesizeformat

from messaging.models import Message

# Telegram's facts that tell one file, place, person or question from another (bots/facts.py keeps them).
_NAMES = (
    "file_name",
    "performer",
    "title",
    "question",
    "address",
    "first_name",
    "last_name",
    "phone_number",
    "emoji",
    "chat",
)


def media_in_words(message: Message) -> str:
    """The kind of the message, its name, how long and how large it is: «voice, 0:12, 34 KB»."""
    return ", ".join([str(message.get_message_type_display()), *_facts(message)])


def _facts(message: Message) -> Iterator[str]:
    facts = message.media if isinstance(message.media, dict) else {}
    for name in _NAMES:
        # A poll's question, a contact's name are among the message's words already.
        if isinstance(facts.get(name), str) and facts[name] and facts[name] not in message.text:
            yield facts[name]
    if message.message_type == Message.Type.UNKNOWN and isinstance(facts.get("kind"), str):
        yield facts["kind"]
    if message.message_type == Message.Type.DICE and facts.get("value") is not None:
        yield str(facts["value"])
    if _is_number(facts.get("latitude")) and _is_number(facts.get("longitude")):
        yield f"{facts['latitude']:.5f} {facts['longitude']:.5f}"
    if isinstance(duration := facts.get("duration"), int):
        yield clock(duration)
    if isinstance(size := facts.get("file_size"), int):
        # Kept on one line with its unit.
        yield filesizeformat(size)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def clock(seconds: int) -> str:
    """Seconds as 0:12, 3:40, 1:02:05."""
    minutes, rest = divmod(max(seconds, 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
