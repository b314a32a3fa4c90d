"""What a proposal is held against before it is stored: the rules, the chats, and its idempotency key."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from django.db.models import OuterRef, TextField

from cvgorod_hub.common.statements import (
    IsOneOf,
    JsonRow,
    JsonRows,
    Param,
    PlannedOnce,
    Statement,
    compile_values,
    numbers,
)
from messaging.models import Chat
from sandbox.models import PendingResponse, SandboxSettings

_RULES = ("is_paused", "pause_note", "draft_lifetime_hours")
_TARGET = ("id", "name", "is_active", "unreachable_reason", "reply_mode")
_EARLIER = ("id", "request_hash", "batch_id")


class Reachable(Protocol):
    """What is asked of a chat before a reply to it: of a whole row, or of a Target."""

    @property
    def id(self) -> int: ...
    @property
    def is_active(self) -> bool: ...
    @property
    def unreachable_reason(self) -> str: ...


@dataclass(frozen=True)
class Rules:
    """What the house rules (SandboxSettings) say of proposals. Without a lifetime drafts do not expire."""

    is_paused: bool
    pause_note: str
    draft_lifetime_hours: int | None


@dataclass(frozen=True)
class Target:
    """The chat that a reply will go to, with what proposing asks of it."""

    id: int
    name: str
    is_active: bool
    unreachable_reason: str
    reply_mode: str


@dataclass(frozen=True)
class Earlier:
    """The draft that carries an idempotency key, and the hash of the request that made it."""

    id: int
    request_hash: str
    batch_id: str | None


@dataclass(frozen=True)
class Preconditions:
    """`targets` by the ids asked for; what does not exist is missing."""

    rules: Rules
    targets: dict[int, Target]
    earlier: Earlier | None


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
        rules=Rules(*rules),
        targets={chat["id"]: _target(**chat) for chat in chats},
        earlier=Earlier(**earlier) if earlier else None,
    )


def _target(*, moved_to: dict[str, Any] | None, **chat: Any) -> Target:
    return Target(**(chat if moved_to is None else moved_to))


@cache
def _statement() -> Statement:
    # A group that became a supergroup is followed. A join would read all chats for it.
    moved_to = Chat.objects.filter(pk=OuterRef("migrated_to_id")).order_by().values_list(*_TARGET)
    # Whether one chat is asked for or three hundred, the plan is the same.
    chats = Chat.objects.filter(IsOneOf("pk", PlannedOnce(numbers("chats")))).order_by()
    key = {name: Param(name, TextField()) for name in ("requested_by", "idempotency_key")}
    earlier = PendingResponse.objects.filter(**key).order_by()
    return compile_values(
        SandboxSettings.objects.filter(pk=SandboxSettings.singleton_instance_id).values_list(
            *_RULES,
            JsonRows(chats.values_list(*_TARGET, JsonRow(moved_to, _TARGET)), (*_TARGET, "moved_to")),
            JsonRow(earlier.values_list(*_EARLIER), _EARLIER),
        )
    )
