"""Which chats there are, for keys and webhooks that some of them only exist for.

The ground knows no chats: `settings.API_CHAT_DIRECTORY` names an object that does.
"""

from collections.abc import Iterable
from typing import Protocol

from django.conf import settings
from django.db.models import F, Func, Value
from django.utils.module_loading import import_string

from cvgorod_hub.api.models import ApiKey, WebhookEndpoint


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


def spread_over_moves(chat_ids: Iterable[int]) -> list[int]:
    """The list as it is kept: a group that became a supergroup stands in it under both ids."""
    wanted = set(chat_ids)
    return sorted(directory().with_moves(wanted)) if wanted else []


def follow_chat(*, old_id: int, new_id: int) -> None:
    """A group goes on under another id: whoever sees it or hears of it, does so there, too."""
    for owners in (ApiKey.objects.all(), WebhookEndpoint.objects.all()):
        limited = owners.filter(chat_ids__contains=[old_id]).exclude(chat_ids__contains=[new_id])
        limited.update(chat_ids=Func(F("chat_ids"), Value(new_id), function="array_append"))
