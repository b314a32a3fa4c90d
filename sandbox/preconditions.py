"""What a proposal is held against before it is stored: the rules, the chats, and its idempotency key."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from django.db.models import Q, TextField

from cvgorod_hub.common.statements import (
    IsOneOf,
    JsonRow,
    JsonRows,
    Param,
    Statement,
    compile_values,
    numbers,
)
from messaging.models import Chat
from sandbox.models import PendingResponse, SandboxSettings

_RULES = ("is_paused", "pause_note", "draft_lifetime_hours")
_CHAT = ("id", "name", "is_active", "unreachable_reason", "reply_mode", "migrated_to_id")
_EARLIER = ("id", "request_hash", "batch_id")


@dataclass(frozen=True)
class Earlier:
    """The draft that carries an idempotency key, and the hash of the request that made it."""

    id: int
    request_hash: str
    batch_id: str | None


@dataclass(frozen=True)
class Preconditions:
    """Rules and chats with no more than what proposing asks of them.

    `chats` are those asked for that exist, and those that they moved to.
    """

    rules: SandboxSettings
    chats: dict[int, Chat]
    earlier: Earlier | None

    def find_chat(self, chat_id: int) -> Chat | None:
        """The chat of this id; a group that became a supergroup is followed."""
        chat = self.chats.get(chat_id)
        return chat and self.chats.get(chat.migrated_to_id or chat_id, chat)


def read_preconditions(
    *, chat_ids: Iterable[int], requested_by: str, idempotency_key: str | None
) -> Preconditions:
    """One query; the settings' row is made where it is not there yet."""
    values = {"chats": list(chat_ids), "requested_by": requested_by, "idempotency_key": idempotency_key}
    rows = _statement().rows(values)
    if not rows:
        SandboxSettings.get_solo()
        rows = _statement().rows(values)
    [(*rules, chats, earlier)] = rows
    return Preconditions(
        rules=SandboxSettings(**dict(zip(_RULES, rules, strict=True))),
        chats={row["id"]: Chat(**row) for row in chats},
        earlier=Earlier(**earlier) if earlier else None,
    )


@cache
def _statement() -> Statement:
    asked = Chat.objects.filter(IsOneOf("pk", numbers("chats")))
    chats = Chat.objects.filter(
        Q(IsOneOf("pk", numbers("chats")))
        | Q(pk__in=asked.filter(migrated_to__isnull=False).values("migrated_to"))
    )
    key = {name: Param(name, TextField()) for name in ("requested_by", "idempotency_key")}
    earlier = PendingResponse.objects.filter(**key)
    return compile_values(
        SandboxSettings.objects.filter(pk=SandboxSettings.singleton_instance_id).values_list(
            *_RULES,
            JsonRows(chats.values_list(*_CHAT), _CHAT),
            JsonRow(earlier.values_list(*_EARLIER), _EARLIER),
        )
    )
