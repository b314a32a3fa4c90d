"""Reading people."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce

if TYPE_CHECKING:
    from clients.models import TelegramUser  # noqa: F401  (named in a string below)


class TelegramUserQuerySet(models.QuerySet["TelegramUser"]):
    def with_messages_count(self) -> Self:
        """Annotate `messages_count`, which messaging keeps beside each person (its relation `activity`)."""
        return self.annotate(messages_count=Coalesce("activity__messages", Value(0)))

    def named_like(self, text: str) -> Self:
        """People with this in their first, last or user name; "Anna Petr" matches across both names."""
        words = text.removeprefix("@").split()
        matches = Q()
        for word in words:
            matches &= (
                Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(username__icontains=word)
            )
        return self.filter(matches)
