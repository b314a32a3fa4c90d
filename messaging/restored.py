"""After a restore from a backup: the feed, where transactions are counted anew, and files that were lost."""

from collections.abc import Sequence
from typing import Any

import psycopg
from django.db.models.functions import Now

from messaging.models import Recording

# Whether a message was changed by a transaction, or a webhook stands before one, that this cluster has not
# come to yet. A place may lie ahead of all messages.
_IS_ELSEWHERE = """
SELECT GREATEST((SELECT max(changed_xid) FROM messages), (SELECT max(feed_xid) FROM webhook_endpoints), 0)
       >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
"""
# The places in the feed where webhooks stand, numbered from 1: no cluster's own transactions begin so low.
_PLACES = """
WITH places AS (
    SELECT feed_xid AS xid, feed_id AS id, row_number() OVER (ORDER BY feed_xid, feed_id) AS number
    FROM (SELECT DISTINCT feed_xid, feed_id FROM webhook_endpoints WHERE feed_xid > 0) AS taken)
"""
# A message is moved behind those places that it lay behind; where there are none, "before everything": no
# feed shows it as news. No draft counts it as what came later.
_FORGET = f"""{_PLACES}
UPDATE messages SET said_xid = NULL, changed_xid = (
    SELECT count(*) FROM places WHERE (places.xid, places.id) < (messages.changed_xid, messages.id))
WHERE changed_xid > 0 OR said_xid IS NOT NULL
"""  # noqa: S608  (of constants)
_MOVE = f"""{_PLACES}
UPDATE webhook_endpoints SET feed_xid = places.number, feed_id = 0 FROM places
WHERE (feed_xid, feed_id) = (places.xid, places.id)
"""  # noqa: S608


def forget_foreign_transactions(session: "psycopg.Connection[tuple[Any, ...]]") -> bool:
    """Forget by which transactions messages were changed, if they were those of another cluster.

    What a webhook has not been told yet stays news to it, in the order of the messages' ids. In the same
    cluster numbers go on, and everything stays true. To be called before there are indexes and triggers: then
    a million rows take seconds.
    """
    row = session.execute(_IS_ELSEWHERE).fetchone()
    is_elsewhere = bool(row and row[0])
    if is_elsewhere:
        with session.transaction():
            session.execute(_FORGET)
            session.execute(_MOVE)
    return is_elsewhere


def forget_missing_files(names: Sequence[str]) -> int:
    """Say of recordings that their files are gone; `names` as rows name them. Returns how many."""
    return Recording.objects.filter(file__in=names).update(file="", file_deleted_at=Now())
