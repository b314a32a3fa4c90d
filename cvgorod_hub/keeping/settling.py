"""What must not simply go on where the backup left it: the world went on without this hub."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.sessions.models import Session
from django.db import connection, transaction

from bots.restored import note_lost_updates
from messaging.restored import forget_missing_files
from sandbox.restored import Held, hold_back_replies

# Numbers of rows that the hub gave out after the backup live on in agents, in cards and in pages that people
# have open. None of them is given to another row. (Four-byte counters are Django's own: accounts, groups.)
_SPARE_NUMBERS = """
SELECT setval(format('%%I.%%I', schemaname, sequencename)::regclass, COALESCE(last_value, 0) + %s)
FROM pg_sequences WHERE data_type = 'bigint'::regtype AND schemaname = 'public'
"""
NUMBERS_APART = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Settled:
    """`replies` were held back; `gaps`: bots of which updates may be lost; `sessions` were ended."""

    replies: Held
    gaps: int
    sessions: int


def settle(*, taken_at: datetime, missing: list[str]) -> Settled:
    """All of it, or nothing."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_SPARE_NUMBERS, [NUMBERS_APART])
        forget_missing_files(missing)
        # Somebody who logged out since, or whose account was closed, is not let in again by an old cookie.
        sessions, _kinds = Session.objects.all().delete()
        return Settled(replies=hold_back_replies(), gaps=note_lost_updates(since=taken_at), sessions=sessions)
