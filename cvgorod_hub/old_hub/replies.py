"""The old hub's replies: what was sent, failed or was rejected stays so; what waited there has expired.

None of them can go out: the database refuses any other state for a row with an `old_id`.
"""

from collections.abc import Callable, Collection
from itertools import islice

from django.db import transaction
from django.utils.translation import gettext_noop

from clients.models import TelegramUser
from cvgorod_hub.old_hub.connecting import OldDatabase
from cvgorod_hub.old_hub.shape import HAPPENED, Shape
from cvgorod_hub.old_hub.staging import (
    count_keys,
    count_verdicts,
    execute,
    fetch,
    fill_staging,
    make_staging,
    store_in_parts,
)
from cvgorod_hub.old_hub.tally import Tally
from messaging.erasing import chats_of
from sandbox.actors import HUB
from sandbox.erasing import blank_reasons, blank_replies, reasons_about, replies_to
from sandbox.models import PendingResponse

ROWS = 5000
# Stored in English, as the API says it; pages translate it.
STILL_WAITED = gettext_noop("It was still waiting when the old hub's replies came here.")
FAILED_THERE = gettext_noop("It could not be sent by the old hub, which did not say why.")
WAITED = "had waited: expired here, and cannot be sent"
OTHER_STATE = "in a state that no facts tell of: expired here, and cannot be sent"
NOBODY = "old hub"
_COLUMNS = (
    "old_id, chat_id, client_name, response_text, context, requested_by, status, approved_by, approved_at, "
    "sent_at, created_at, batch_id, scheduled_at, send_order"
)
_STAGING = """
old_id bigint, chat_id bigint, client_name text, response_text text, context text, requested_by text,
status text, approved_by bigint, approved_at timestamptz, sent_at timestamptz, created_at timestamptz,
batch_id text, scheduled_at timestamptz, send_order bigint, verdict text, reason text, new_id bigint,
ends text, said_at timestamptz, approver text
"""
_JUDGE = """
UPDATE old_replies AS one SET
    verdict = CASE WHEN why IS NOT NULL THEN 'skipped' WHEN known IS NOT NULL THEN 'merged' ELSE 'copied' END,
    reason = coalesce(why, CASE WHEN known IS NOT NULL THEN 'is here already' END, ''),
    new_id = CASE WHEN why IS NOT NULL OR known IS NOT NULL OR %(is_dry_run)s THEN known
                  WHEN one.old_id BETWEEN %(first_kept)s AND %(last_kept)s THEN one.old_id
                  ELSE nextval(pg_get_serial_sequence('pending_responses', 'id')) END,
    ends = CASE WHEN one.status IN ('sent', 'failed', 'rejected') THEN one.status ELSE 'expired' END,
    said_at = told.at,
    approver = coalesce(one.approved_by::text, '')
  FROM (
    SELECT old_id AS key, coalesce(created_at, approved_at, sent_at) AS at,
           (SELECT id FROM pending_responses WHERE pending_responses.old_id = old_replies.old_id) AS known,
           CASE WHEN chat_id IS NULL OR chat_id = 0 THEN 'without a chat'
                WHEN coalesce(created_at, approved_at, sent_at) IS NULL
                    THEN 'its times are missing or out of range'
                WHEN length(response_text) > %(longest)s OR length(context) > %(longest)s
                    THEN 'longer than any message' END AS why
      FROM old_replies
  ) AS told
 WHERE told.key = one.old_id
"""
_NAME_APPROVERS = """
UPDATE old_replies SET approver = left(named.name, 150)
  FROM (SELECT id, coalesce(nullif(trim(concat(first_name, ' ', last_name)), ''), '@' || nullif(username, ''))
                   AS name FROM users) AS named
 WHERE named.id = old_replies.approved_by AND named.name IS NOT NULL
"""
_STORE = """
INSERT INTO pending_responses (
    id, old_id, chat_id, client_name, response_text, original_text, context, status, version, requested_by,
    request_hash, batch_id, send_order, approved_by, approved_at, rejected_reason, scheduled_at, attempts,
    sent_at, last_error, created_at)
SELECT new_id, old_id, chat_id, left(coalesce(client_name, ''), 256), coalesce(response_text, ''),
       coalesce(response_text, ''), coalesce(context, ''), ends, 1,
       left(coalesce(nullif(trim(requested_by), ''), %(nobody)s), 100), '',
       CASE WHEN batch_id ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' THEN batch_id::uuid END,
       CASE WHEN send_order BETWEEN 0 AND 2147483647 THEN send_order END,
       CASE WHEN ends IN ('sent', 'failed') THEN approver ELSE '' END,
       CASE WHEN ends IN ('sent', 'failed') THEN approved_at END, '', scheduled_at,
       CASE WHEN ends IN ('sent', 'failed') THEN 1 ELSE 0 END,
       CASE WHEN ends = 'sent' THEN coalesce(sent_at, approved_at, said_at) END,
       CASE WHEN ends = 'failed' THEN %(failed_there)s ELSE '' END, said_at
  FROM old_replies
 WHERE verdict = 'copied' AND old_id BETWEEN %(first)s AND %(last)s ORDER BY old_id
"""
# The log that led there, as far as the old hub knew.
_LOG = """
INSERT INTO pending_response_events (
    response_id, kind, actor_name, text_before, text_after, detail, created_at)
SELECT new_id, kind, actor, '', words, detail, at
  FROM old_replies
 CROSS JOIN LATERAL (VALUES
    (1, 'proposed', left(coalesce(nullif(trim(requested_by), ''), %(nobody)s), 150),
        coalesce(response_text, ''), '', said_at, true),
    (2, 'approved', approver, coalesce(response_text, ''), '', coalesce(approved_at, sent_at, said_at),
        approver <> '' AND ends IN ('sent', 'failed')),
    (3, ends, CASE WHEN ends = 'rejected' AND approver <> '' THEN approver ELSE %(hub)s END, '',
        CASE ends WHEN 'failed' THEN %(failed_there)s WHEN 'expired' THEN %(waited)s ELSE '' END,
        CASE ends WHEN 'sent' THEN coalesce(sent_at, approved_at, said_at) WHEN 'expired' THEN now()
                  ELSE coalesce(approved_at, said_at) END, true)
 ) AS moves (place, kind, actor, words, detail, at, was_made)
 WHERE was_made AND verdict = 'copied' AND old_id BETWEEN %(first)s AND %(last)s
 ORDER BY old_id, place
"""
_NOTES = ((WAITED, "status = 'pending'"), (OTHER_STATE, "ends = 'expired' AND status <> 'pending'"))


def bring_replies(
    old: OldDatabase,
    shape: Shape,
    tally: Tally,
    *,
    kept: tuple[int, int],
    longest: int,
    is_dry_run: bool,
    on_progress: Callable[[int], object],
) -> None:
    """All of them, some thousand to a transaction. Their chats are here. `kept` as in messages."""
    if not shape.has("pending_responses"):
        return
    make_staging("old_replies", _STAGING)
    rows = iter(old.lines(_select(shape)))
    values = {"first_kept": kept[0], "last_kept": kept[1], "longest": longest, "is_dry_run": is_dry_run}
    while batch := list(islice(rows, ROWS)):
        with transaction.atomic():
            execute("TRUNCATE old_replies")
            fill_staging("old_replies", _COLUMNS, batch)
            execute(_JUDGE, values)
            execute(_NAME_APPROVERS)
            if not is_dry_run:
                execute("SET CONSTRAINTS ALL IMMEDIATE")
                judged = "SELECT old_id FROM old_replies WHERE verdict = 'copied' ORDER BY 1"
                store_in_parts([key for (key,) in fetch(judged)], _store, _refuse)
        _count(tally)
        on_progress(len(batch))
    if not is_dry_run:
        _forget_erased()


def _forget_erased() -> None:
    """What these replies say to, and of, people who asked here to be erased: as if it had been here then."""
    for person in TelegramUser.objects.filter(erased_at__isnull=False):
        chats, until = chats_of(person.pk), person.erased_at
        assert until is not None  # noqa: S101  (as filtered)
        to_person = replies_to(person.pk, chats=chats, names=(), until=until, moment=until)
        about = reasons_about(person.pk, chats=chats, moment=until)
        with transaction.atomic():
            blank_replies(_of_old_hub(to_person), actor=HUB)
            blank_reasons(_of_old_hub(about))


def _of_old_hub(ids: Collection[int]) -> list[int]:
    old = PendingResponse.objects.filter(pk__in=ids, old_id__isnull=False)
    return list(old.values_list("pk", flat=True))


def _store(first: int, last: int) -> None:
    values = {
        "first": first,
        "last": last,
        "nobody": NOBODY,
        "failed_there": FAILED_THERE,
        "waited": STILL_WAITED,
        "hub": HUB.name,
    }
    execute(_STORE, values)
    execute(_LOG, values)


def _refuse(key: int, reason: str) -> None:
    execute("UPDATE old_replies SET verdict = 'skipped', reason = %s WHERE old_id = %s", [reason, key])


def _count(tally: Tally) -> None:
    tally.add_counted(count_verdicts("old_replies"))
    for words, where in _NOTES:
        tally.note(words, *count_keys(f"old_replies WHERE verdict = 'copied' AND {where}"))


def _select(shape: Shape) -> str:
    reply = shape.table("pending_responses", "p")
    columns = [
        reply.number("id"),
        reply.number("chat_id"),
        reply.text("client_name"),
        reply.text("response_text"),
        reply.text("context"),
        reply.text("requested_by"),
        f"coalesce(lower(trim({reply.text('status')})), '')",
        reply.number("approved_by"),
        *(reply.moment(name, until=HAPPENED) for name in ("approved_at", "sent_at", "created_at")),
        reply.text("batch_id"),
        reply.moment("scheduled_at"),
        reply.number("send_order"),
    ]
    return f"SELECT {', '.join(columns)} FROM pending_responses AS p ORDER BY 1"  # noqa: S608
