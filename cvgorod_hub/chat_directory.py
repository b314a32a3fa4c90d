"""Chats for whoever makes API keys: by name, and across a group's move to a supergroup."""

from collections.abc import Iterable

from django.db.models import F, Q, QuerySet

from messaging.models import Chat


class Chats:
    """`cvgorod_hub.api.chats.ChatDirectory`, of the chats that the hub knows."""

    def search(self, words: str, *, skip: int, limit: int) -> list[tuple[int, str]]:
        """Without the groups that went on as supergroups: `with_moves` adds them."""
        found = Chat.objects.filter(migrated_to=None)
        for word in words.split():
            found = found.filter(_meant_by(word))
        chosen = found.order_by("name", "pk").only("name")[skip : skip + limit]
        return [(chat.pk, str(chat)) for chat in chosen]

    def names(self, ids: Iterable[int]) -> dict[int, str]:
        return {chat.pk: str(chat) for chat in Chat.objects.filter(pk__in=set(ids)).only("name")}

    def with_moves(self, ids: Iterable[int]) -> set[int]:
        """A group moves once, and never on from there."""
        wanted = set(ids)
        moved = Chat.objects.exclude(migrated_to=None)
        wanted |= set(_column(moved.filter(pk__in=wanted), "migrated_to_id"))
        return wanted | set(_column(moved.filter(migrated_to__in=wanted).exclude(migrated_to=F("pk")), "pk"))


CHATS = Chats()


def _meant_by(word: str) -> Q:
    named = Q(name__icontains=word) | Q(customer_ref__icontains=word)
    is_number = word.removeprefix("-").isdecimal() and len(word) < 19
    return named | Q(pk=int(word)) if is_number else named


def _column(chats: QuerySet[Chat], name: str) -> list[int]:
    return list(chats.values_list(name, flat=True))
