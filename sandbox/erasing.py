"""Replies to a person who asked to be erased.

What was sent stays: it is what we said. What was sent to nobody goes, and so do everywhere the agent's
reasons, which quote, and the client's name. Who decided what and when stays in the log.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from sandbox.actors import Actor
from sandbox.models import PendingResponse, ResponseEvent
from sandbox.transitions import move

Status, Kind = PendingResponse.Status, ResponseEvent.Kind
ErasedFor = PendingResponse.ErasedFor
# What nobody was ever sent.
UNSENT = (Status.REJECTED, Status.CANCELLED, Status.EXPIRED, Status.FAILED)
REASON = gettext_noop("The person asked to be erased.")

# To the person: in their own chat; and where they have spoken, unless it answers another client, under their
# name, to a message of theirs, or when they had spoken last.
_TO_THE_PERSON = """
SELECT reply.id FROM pending_responses AS reply
 WHERE (reply.created_at <= %(moment)s AND reply.chat_id = %(person)s)
    OR (reply.chat_id = ANY(%(chats)s)
        AND NOT EXISTS (
            SELECT FROM messages AS asked
              JOIN users ON users.id = asked.user_id
              JOIN user_roles ON user_roles.id = users.role_id
             WHERE asked.chat_id = reply.chat_id AND asked.telegram_message_id = reply.reply_to_message_id
               AND asked.user_id <> %(person)s AND NOT (user_roles.is_staff OR user_roles.is_bot))
        AND ((reply.created_at <= %(moment)s AND reply.client_name = ANY(%(names)s))
        OR EXISTS (
            SELECT FROM messages AS asked
             WHERE asked.chat_id = reply.chat_id AND asked.telegram_message_id = reply.reply_to_message_id
               AND asked.user_id = %(person)s AND asked.timestamp <= %(until)s)
        OR (SELECT last.user_id = %(person)s AND last.timestamp <= %(until)s
              FROM messages AS last
              JOIN users ON users.id = last.user_id
              JOIN user_roles ON user_roles.id = users.role_id
             WHERE last.chat_id = reply.chat_id AND last.timestamp <= reply.created_at
               AND last.source <> 'sent' AND last.message_type <> 'service'
               AND NOT (user_roles.is_staff OR user_roles.is_bot)
             ORDER BY last.timestamp DESC, last.id DESC LIMIT 1)))
 ORDER BY reply.id
"""
# The agent's reasons in a chat may quote whoever has spoken there.
_REASONS = """
SELECT reply.id FROM pending_responses AS reply
 WHERE reply.chat_id = ANY(%(chats)s) AND reply.context <> '' AND reply.created_at <= %(moment)s
   AND EXISTS (SELECT FROM messages WHERE chat_id = reply.chat_id AND user_id = %(person)s
                  AND timestamp <= reply.created_at)
 ORDER BY reply.id
"""
_ALLOW = "SELECT set_config('hub.erasing', 'on', true)"
_FORBID = "SELECT set_config('hub.erasing', '', true)"


def replies_to(
    person_id: int, *, chats: Collection[int], names: Collection[str], until: datetime, moment: datetime
) -> list[int]:
    """Replies to what the person said until then, in these chats; by name there, and in their own chat, those
    that were proposed until `moment`. Rising keys."""
    return _ids(_TO_THE_PERSON, person_id, chats, names, until, moment)


def reasons_about(person_id: int, *, chats: Collection[int], moment: datetime) -> list[int]:
    """Replies to others whose reasons may quote the person."""
    return _ids(_REASONS, person_id, chats, (), moment, moment)


def _ids(
    statement: str,
    person_id: int,
    chats: Collection[int],
    names: Collection[str],
    until: datetime,
    moment: datetime,
) -> list[int]:
    parameters: dict[str, Any] = {
        "person": person_id,
        "chats": list(chats),
        "names": list(filter(None, names)),
        "until": until,
        "moment": moment,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [pk for (pk,) in cursor.fetchall()]


def blank_replies(ids: Sequence[int], *, actor: Actor) -> Counter[str]:
    """Close what is open among these replies, and take the words of what was never sent, the log's with them.

    What is on its way stays, as it may have arrived. Call it inside a transaction.
    """
    rows = list(PendingResponse.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True))
    # Before the moves, of which webhooks hear.
    PendingResponse.objects.filter(pk__in=ids).update(context="", client_name="")
    for reply in rows:
        if reply.status == Status.PENDING:
            move(reply, Kind.REJECTED, actor=actor, detail=REASON, changes={"rejected_reason": REASON})
        elif reply.status == Status.APPROVED:
            move(reply, Kind.CANCELLED, actor=actor, detail=REASON)
    return Counter(replies=len(rows)) + blank_words(
        [reply.pk for reply in rows if reply.status in UNSENT], why=ErasedFor.REQUEST
    )


def are_on_their_way(ids: Collection[int]) -> bool:
    """Whether one of these is being sent at this moment; Telegram's answer, or a sweep, ends that."""
    return PendingResponse.objects.filter(pk__in=ids, status=Status.SENDING).exists()


def blank_words(ids: Sequence[int], *, why: PendingResponse.ErasedFor) -> Counter[str]:
    """Take the words of these replies, which were sent to nobody. Call it inside a transaction.

    Where they were taken before, they stay as taken then.
    """
    words = {"response_text": "", "original_text": "", "context": "", "client_name": ""}
    unsent = PendingResponse.objects.filter(pk__in=ids, status__in=UNSENT).exclude(response_text="")
    blanked = unsent.update(**words, erased_at=Now(), erased_for=why)
    with connection.cursor() as cursor:
        cursor.execute(_ALLOW)
        events = ResponseEvent.objects.filter(response__in=ids).update(text_before="", text_after="")
        cursor.execute(_FORBID)
    return Counter(unsent_replies=blanked, events=events)


def settled_before(moment: datetime, *, since: datetime | None, limit: int) -> list[tuple[int, datetime]]:
    """Replies proposed before then that keep reasons, or words that went to nobody: (key, when), oldest
    first."""
    old = PendingResponse.objects.filter(created_at__lt=moment).exclude(
        status__in=[Status.PENDING, Status.APPROVED, Status.SENDING, Status.UNKNOWN]
    )
    if since is not None:
        old = old.filter(created_at__gte=since)
    telling = old.exclude(Q(context="") & (Q(status=Status.SENT) | Q(response_text="")))
    return list(telling.order_by("created_at", "pk").values_list("pk", "created_at")[:limit])


def blank_settled(ids: Sequence[int]) -> int:
    """What has become old: the reasons of all these, the words of what was never sent."""
    blank_reasons(ids)
    unsent = PendingResponse.objects.filter(pk__in=ids, status__in=UNSENT).values_list("pk", flat=True)
    blank_words(list(unsent), why=ErasedFor.AGE)
    return len(ids)


def blank_reasons(ids: Sequence[int]) -> int:
    return PendingResponse.objects.filter(pk__in=ids).update(context="")


def forget_in_event(data: Any, *, unsent: Collection[int], others: Collection[int]) -> bool:  # noqa: ANN401
    """Do to the `data` of a webhook's event (sandbox/announcing.py) what was done to its reply.

    `unsent`: replies that have no words any more; `others`: those whose reasons and names are gone. Whether
    it held one.
    """
    draft = data.get("draft") if isinstance(data, dict) else None
    if not isinstance(draft, dict) or not (draft.get("id") in unsent or draft.get("id") in others):
        return False
    gone = ["context", "client_name", *(["response_text", "original_text"] if draft["id"] in unsent else [])]
    draft |= {name: "" for name in gone if name in draft}
    return True
