"""Chats, with their customer in 1C; and those that only messages or replies tell of.

A chat that is here already keeps what it says; the old one fills what is empty.
"""

# ruff: noqa: S608  (names of our own)

from collections.abc import Callable, Iterator

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils.translation import gettext_noop

from cvgorod_hub.old_hub.connecting import OldDatabase
from cvgorod_hub.old_hub.models import LegacyMigration
from cvgorod_hub.old_hub.shape import HAPPENED, Shape, said_at
from cvgorod_hub.old_hub.staging import (
    count_keys,
    count_verdicts,
    execute,
    fetch,
    fill_staging,
    make_staging,
    parts,
    store_in_parts,
    tell_the_planner,
)
from cvgorod_hub.old_hub.tally import Tally
from messaging.locks import lock_chats
from messaging.models import Chat

# Stored in English, as the API says it; pages translate it.
NOT_LISTED = gettext_noop("The old hub had messages or replies of it, but did not list it.")
WAS_INACTIVE = gettext_noop("The old hub did not reach it any more; the bot has not been seen there since.")
NOT_THERE = "chats that messages or replies name, and no table of chats did: here they are, not reachable"
_COLUMNS = "old_id, name, kind, folder, members, is_active, created_at, customer_ref, is_orphan"
_TABLE = """
old_id bigint, name text, kind text, folder text, members bigint, is_active boolean, created_at timestamptz,
customer_ref text, is_orphan boolean, verdict text, reason text NOT NULL DEFAULT ''
"""
# A private chat is called after the person, who may have asked here to be erased.
_FORGET_NAMES = """
UPDATE old_chats SET name = NULL FROM users WHERE users.id = old_chats.old_id AND users.erased_at IS NOT NULL
"""
_JUDGE = """
UPDATE old_chats SET
    verdict = CASE WHEN old_id IS NULL OR old_id = 0 THEN 'skipped'
                   WHEN EXISTS (SELECT FROM chats WHERE chats.id = old_chats.old_id) THEN 'merged'
                   ELSE 'copied' END,
    reason = CASE WHEN old_id IS NULL OR old_id = 0 THEN 'without a Telegram id'
                  WHEN EXISTS (SELECT FROM chats WHERE chats.id = old_chats.old_id) THEN 'is here already'
                  ELSE '' END,
    -- Ids tell what the old table does not: supergroups and channels begin beyond a million millions.
    kind = coalesce(
        (SELECT chat_type FROM chats WHERE chats.id = old_chats.old_id),
        CASE WHEN kind IN ('private', 'group', 'supergroup', 'channel') THEN kind
             WHEN old_id > 0 THEN 'private' WHEN old_id < -1000000000000 THEN 'supergroup' ELSE 'group' END)
"""
_STORE = """
INSERT INTO chats (id, name, chat_type, folder, is_active, unreachable_reason, reply_mode, time_zone,
                   members_count, customer_ref, created_at, updated_at)
SELECT old_id, left(coalesce(name, ''), 256), kind, left(coalesce(folder, ''), 100),
       coalesce(is_active, true) AND NOT is_orphan,
       CASE WHEN is_orphan THEN %(not_listed)s WHEN is_active IS FALSE THEN %(was_inactive)s ELSE '' END,
       'draft', '', CASE WHEN members BETWEEN 0 AND 2147483647 THEN members END,
       left(coalesce(customer_ref, ''), 64), coalesce(created_at, now()), now()
  FROM old_chats WHERE verdict = 'copied' AND old_id BETWEEN %(first)s AND %(last)s
    ON CONFLICT (id) DO NOTHING
"""
_FILL = """
UPDATE chats SET
    name = coalesce(nullif(chats.name, ''), one.name),
    folder = coalesce(nullif(chats.folder, ''), one.folder),
    members_count = coalesce(chats.members_count, one.members),
    customer_ref = coalesce(nullif(chats.customer_ref, ''), one.customer_ref),
    created_at = least(chats.created_at, one.created_at), updated_at = now()
  FROM (
    SELECT old_id, left(coalesce(name, ''), 256) AS name, left(coalesce(folder, ''), 100) AS folder,
           CASE WHEN members BETWEEN 0 AND 2147483647 THEN members END AS members,
           left(coalesce(customer_ref, ''), 64) AS customer_ref, created_at
      FROM old_chats
     WHERE verdict = 'merged' AND NOT is_orphan AND old_id BETWEEN %(first)s AND %(last)s
       AND old_id <> ALL (%(decided)s::bigint[])
  ) AS one
 WHERE chats.id = one.old_id AND (
    (chats.name = '' AND one.name <> '') OR (chats.folder = '' AND one.folder <> '')
    OR (chats.members_count IS NULL AND one.members IS NOT NULL)
    OR (chats.customer_ref = '' AND one.customer_ref <> '') OR one.created_at < chats.created_at)
"""


def bring_chats(
    old: OldDatabase,
    shape: Shape,
    tally: Tally,
    *,
    is_dry_run: bool,
    on_progress: Callable[[int], object],
) -> None:
    """Every chat of the old table, and every one that something there names; `old_chats` stays."""
    make_staging("old_chats", _TABLE)
    fill_staging("old_chats", _COLUMNS, old.lines(_select(shape)))
    execute("CREATE INDEX ON old_chats (old_id)")
    tell_the_planner("old_chats")
    execute(_FORGET_NAMES)
    execute(_JUDGE)
    if not is_dry_run:
        decided = _changed_by_hand()

        def store(first: int, last: int) -> None:
            values = {"first": first, "last": last, "decided": decided}
            execute(_STORE, {**values, "not_listed": NOT_LISTED, "was_inactive": WAS_INACTIVE})
            execute(_FILL, values)

        for keys in parts(
            [row[0] for row in fetch("SELECT old_id FROM old_chats WHERE old_id <> 0 ORDER BY 1")]
        ):
            with transaction.atomic():
                lock_chats(keys)
                store_in_parts(keys, store, _refuse)
    _count(tally)
    on_progress(tally.settled)


def _refuse(key: int, reason: str) -> None:
    execute("UPDATE old_chats SET verdict = 'skipped', reason = %s WHERE old_id = %s", [reason, key])


def _count(tally: Tally) -> None:
    tally.note(NOT_THERE, *count_keys("old_chats WHERE is_orphan"))
    tally.note("with a customer of 1C", *count_keys("old_chats WHERE customer_ref <> ''"))
    tally.add_counted(count_verdicts("old_chats", "NOT is_orphan"))


def _changed_by_hand() -> list[int]:
    """Which somebody changed in the admin since the old chats came first: what is empty is so on purpose."""
    first = LegacyMigration.objects.filter(finished_at__isnull=False).order_by("pk").first()
    if first is None:
        return []
    changes = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Chat), action_time__gte=first.finished_at
    )
    return [int(key) for key in changes.values_list("object_id", flat=True) if key]


def _select(shape: Shape) -> str:
    """Rows of `_COLUMNS`: the table's, then those that only messages and replies name."""
    chat = shape.table("chats", "c")
    columns = [
        chat.number("id"),
        chat.text("name"),
        f"lower(trim({chat.text('chat_type')}))",
        chat.text("folder"),
        chat.number("members_count"),
        chat.flag("is_active"),
        chat.moment("created_at", until=HAPPENED),
        _customer(shape),
        "false",
    ]
    return f"""
        (SELECT {", ".join(columns)} FROM chats AS c ORDER BY 1)
        UNION ALL (
            SELECT chat_id, NULL, NULL, NULL, NULL::bigint, NULL::boolean, min(said), NULL, true
              FROM ({" UNION ALL ".join(_named(shape))}) AS named
             WHERE chat_id <> 0 AND NOT EXISTS (SELECT FROM chats WHERE chats.id = named.chat_id)
             GROUP BY 1 ORDER BY 1)
    """


def _named(shape: Shape) -> Iterator[str]:
    message, reply = shape.table("messages", "m"), shape.table("pending_responses", "p")
    yield f"SELECT {message.number('chat_id')} AS chat_id, {said_at(message)} AS said FROM messages AS m"
    if reply.has("chat_id"):
        created = reply.moment("created_at", until=HAPPENED)
        yield f"SELECT {reply.number('chat_id')}, {created} FROM pending_responses AS p"


def _customer(shape: Shape) -> str:
    """The number in 1C: by the chat's own customer, else by what two tables say of it or its shop's id."""
    chat, customer = shape.table("chats", "c"), shape.table("customers", "one")
    mapped = shape.table("customer_uuid_mapping", "one")
    ways = []
    if customer.has("sync_id"):
        if customer.has("id") and chat.has("customer_id"):
            ways.append(("customers", "one.id::text = c.customer_id::text"))
        if customer.has("cvgorod_chat_id") and chat.has("cvgorod_chat_id"):
            ways.append(("customers", "one.cvgorod_chat_id::text = c.cvgorod_chat_id::text"))
    if mapped.has("sync_id"):
        if mapped.has("chat_id"):
            ways.append(("customer_uuid_mapping", "one.chat_id::text = c.id::text"))
        if mapped.has("cvgorod_chat_id") and chat.has("cvgorod_chat_id"):
            ways.append(("customer_uuid_mapping", "one.cvgorod_chat_id::text = c.cvgorod_chat_id::text"))
    found = [
        f"(SELECT min(nullif(trim(one.sync_id::text), '')) FROM {table} AS one WHERE {where})"
        for table, where in ways
    ]
    return f"coalesce({', '.join(found)})" if found else "NULL::text"
