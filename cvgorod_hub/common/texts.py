"""Texts from outside, as PostgreSQL can hold them."""


def storable(text: str) -> str:
    """The text with NUL and halves of surrogate pairs, which PostgreSQL refuses, as U+FFFD."""
    cleaned = text.replace("\x00", "\ufffd")
    try:
        cleaned.encode()
    except UnicodeEncodeError:
        return cleaned.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return cleaned
