"""Which chats there are, for keys that see some of them only.

The ground knows no chats: `settings.API_CHAT_DIRECTORY` names an object that does.
"""

from collections.abc import Iterable
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string


class ChatDirectory(Protocol):
    def search(self, words: str, *, skip: int, limit: int) -> list[tuple[int, str]]:
        """(id, name) of the chats with these words in their name or number, in order of name."""
        ...

    def names(self, ids: Iterable[int]) -> dict[int, str]:
        """The names of those that there are, by id."""
        ...

    def with_moves(self, ids: Iterable[int]) -> set[int]:
        """The ids, and those under which the same conversations went on or began."""
        ...


def directory() -> ChatDirectory:
    found: ChatDirectory = import_string(settings.API_CHAT_DIRECTORY)
    return found
