"""The admin's own log of who changed what: it names each row by the words that it had."""

from collections.abc import Collection

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import F, Func, Model, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast

from clients.erasing import SHORTEST_NAME
from clients.models import TelegramUser
from messaging.models import Chat, Message
from sandbox.models import PendingResponse


def forget_in_log(person_id: int, chats: Collection[int]) -> int:
    """Name the rows of this person by their numbers; returns how many entries that were."""
    gone = Message.objects.filter(erased_at__isnull=False)
    rows: list[QuerySet[Model]] = [
        TelegramUser.objects.filter(pk=person_id),
        Chat.objects.filter(pk=person_id),
        gone.filter(Q(user_id=person_id) | Q(chat__in=chats)),
        PendingResponse.objects.filter(chat__in=chats, response_text=""),
    ]
    entries = LogEntry.objects.filter(pk__in=[pk for each in rows for pk in _entries(each)])
    return entries.exclude(object_repr=F("object_id")).update(object_repr=F("object_id"))


def forget_in_downloads(names: Collection[str]) -> int:
    """What lists were filtered by when they were downloaded (common/lists/exporting.py): perhaps a name."""
    forgotten = 0
    # The longest first: a shorter one may be part of it.
    for name in sorted(names, key=len, reverse=True):
        if len(name) >= SHORTEST_NAME:
            downloads = LogEntry.objects.filter(object_id=None, change_message__contains=name)
            replaced = Func(F("change_message"), Value(name), Value("…"), function="replace")
            forgotten += downloads.update(change_message=replaced)
    return forgotten


def entries_about(person_id: int) -> QuerySet[LogEntry]:
    """What people of our team did with this person's row: roles given, accounts linked."""
    kind = ContentType.objects.get_for_model(TelegramUser)
    return LogEntry.objects.filter(content_type=kind, object_id=str(person_id)).order_by("pk")


def _entries(rows: "QuerySet[Model]") -> list[int]:
    kind = ContentType.objects.get_for_model(rows.model)
    keys = rows.order_by().values(key=Cast("pk", TextField()))
    return list(LogEntry.objects.filter(content_type=kind, object_id__in=keys).values_list("pk", flat=True))
