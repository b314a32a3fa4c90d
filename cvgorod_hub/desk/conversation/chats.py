"""The chat whose conversation is open, and the moment in which it is read."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, Func, OuterRef, TextField
from django.http import Http404
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from messaging.models import Chat


class _Snapshot(Func):
    """What the database shows at this moment, as `sandbox.querysets.current_snapshot` gives it."""

    template = "pg_current_snapshot()::text"
    output_field = TextField()


@dataclass(frozen=True)
class OpenChat:
    """`earlier_ids`: the groups that became this one. `snapshot`: taken before anything else is read."""

    chat: Chat
    earlier_ids: list[int]
    snapshot: str

    @property
    def ids(self) -> list[int]:
        return [self.chat.pk, *self.earlier_ids]

    @property
    def waiting(self) -> str:
        """How long the client has waited for an answer, in words; empty where nobody waits."""
        since = self.chat.waiting_since
        if since is None:
            return ""
        if timezone.now() - since < timedelta(minutes=1):
            return _("waits less than a minute")
        return _("waits %(time)s") % {"time": timesince(since, depth=1)}

    @property
    def settled_until(self) -> int:
        """All transactions before this one had ended when the chat was read."""
        return int(self.snapshot.partition(":")[0])


def open_chat(chat_id: str) -> OpenChat:
    """In one query. Raises Http404."""
    moved_here = Chat.objects.filter(migrated_to=OuterRef("pk")).order_by("pk").values("pk")
    chat: Any = (
        Chat.objects.select_related("migrated_to")
        .annotate(earlier_ids=ArraySubquery(moved_here), snapshot=_Snapshot(F("pk")))
        .filter(pk=int(chat_id))
        .first()
    )
    if chat is None:
        raise Http404
    return OpenChat(chat, chat.earlier_ids, chat.snapshot)
