"""People, with the role that the old hub said three ways; and those of whom only their messages tell.

Whoever is here already keeps what is newer: names follow the later sighting, as wherever people are stored.
"""

# ruff: noqa: S608  (names of our own)

from collections.abc import Callable, Collection

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from clients.models import RoleName, TelegramUser, UserRole
from clients.people import PEOPLE_LOCKS
from cvgorod_hub.common.database import lock_keys
from cvgorod_hub.old_hub.connecting import OldDatabase
from cvgorod_hub.old_hub.models import LegacyMigration
from cvgorod_hub.old_hub.roles import ROLE_WORDS
from cvgorod_hub.old_hub.shape import HAPPENED, Shape, Table, said_at
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
from messaging.activity import changing_role

_COLUMNS = "old_id, username, first_name, last_name, role_name, first_seen, last_seen, is_orphan"
_TABLE = """
old_id bigint, username text, first_name text, last_name text, role_name text, first_seen timestamptz,
last_seen timestamptz, is_orphan boolean, verdict text, reason text NOT NULL DEFAULT ''
"""
NOT_THERE = "people who wrote, and stood in no table of people: here they are, without a name"
UNKNOWN_ROLE = "of a role that is none here: they are clients"
_JUDGE = """
UPDATE old_people SET
    verdict = CASE WHEN old_id IS NULL OR old_id = 0 THEN 'skipped'
                   WHEN EXISTS (SELECT FROM users WHERE users.id = old_people.old_id) THEN 'merged'
                   ELSE 'copied' END,
    reason = CASE WHEN old_id IS NULL OR old_id = 0 THEN 'without a Telegram id'
                  WHEN EXISTS (SELECT FROM users WHERE users.id = old_people.old_id) THEN 'is here already'
                  ELSE '' END
"""
_STORE = """
INSERT INTO users (id, username, first_name, last_name, role_id, first_seen, last_seen)
SELECT old_id, left(coalesce(username, ''), 64), left(coalesce(first_name, ''), 256),
       left(coalesce(last_name, ''), 256),
       coalesce((SELECT id FROM user_roles AS role WHERE role.role_name = one.role_name),
                (SELECT id FROM user_roles AS role WHERE role.role_name = 'client')),
       least(coalesce(first_seen, last_seen, now()), coalesce(last_seen, first_seen, now())),
       greatest(coalesce(first_seen, last_seen, now()), coalesce(last_seen, first_seen, now()))
  FROM old_people AS one WHERE verdict = 'copied' AND old_id BETWEEN %(first)s AND %(last)s
    ON CONFLICT (id) DO NOTHING
"""
_FILL = """
UPDATE users SET
    first_seen = least(users.first_seen, one.first_seen),
    last_seen = greatest(users.last_seen, one.last_seen),
    username = CASE WHEN is_newer THEN left(coalesce(one.username, ''), 64) ELSE users.username END,
    first_name = CASE WHEN is_newer THEN left(coalesce(one.first_name, ''), 256) ELSE users.first_name END,
    last_name = CASE WHEN is_newer THEN left(coalesce(one.last_name, ''), 256) ELSE users.last_name END
  FROM (
    SELECT old.*, known.erased_at IS NULL
               AND coalesce(concat(old.username, old.first_name, old.last_name), '') <> '' AND (
               old.last_seen > known.last_seen
               OR concat(known.username, known.first_name, known.last_name) = '') AS is_newer
      FROM old_people AS old JOIN users AS known ON known.id = old.old_id
     WHERE verdict = 'merged' AND old_id BETWEEN %(first)s AND %(last)s
  ) AS one
 WHERE users.id = one.old_id
   AND (is_newer OR one.first_seen < users.first_seen OR one.last_seen > users.last_seen)
"""
# A person is a client until somebody says otherwise; whose role people changed here since is theirs to say.
_PROMOTED = """
SELECT users.id, role.id FROM old_people AS one
  JOIN users ON users.id = one.old_id
  JOIN user_roles AS known ON known.id = users.role_id AND known.role_name = 'client'
  JOIN user_roles AS role ON role.role_name = one.role_name AND role.role_name <> 'client'
 WHERE verdict = 'merged' ORDER BY 1
"""


def bring_people(
    old: OldDatabase,
    shape: Shape,
    tally: Tally,
    *,
    role_names: Collection[str],
    is_dry_run: bool,
    on_progress: Callable[[int], object],
) -> None:
    """Everybody of the old table, and everybody who wrote. `role_names`: those that came from there."""
    make_staging("old_people", _TABLE)
    fill_staging("old_people", _COLUMNS, old.lines(_select(shape)))
    execute("CREATE INDEX ON old_people (old_id)")
    tell_the_planner("old_people")
    execute(_JUDGE)
    if not is_dry_run:
        for keys in parts(
            [row[0] for row in fetch("SELECT old_id FROM old_people WHERE old_id <> 0 ORDER BY 1")]
        ):
            with transaction.atomic():
                lock_keys(PEOPLE_LOCKS + key for key in keys)
                store_in_parts(keys, _store, _refuse)
        _promote()
    _count(tally, role_names)
    on_progress(tally.settled)


def _count(tally: Tally, role_names: Collection[str]) -> None:
    tally.note(NOT_THERE, *count_keys("old_people WHERE is_orphan"))
    known = {*role_names, *UserRole.objects.values_list("role_name", flat=True)}
    tally.note(UNKNOWN_ROLE, *count_keys("old_people WHERE role_name <> ALL (%s)", [sorted(known)]))
    tally.add_counted(count_verdicts("old_people", "NOT is_orphan"))


def _store(first: int, last: int) -> None:
    execute(_STORE, {"first": first, "last": last})
    execute(_FILL, {"first": first, "last": last})


def _refuse(key: int, reason: str) -> None:
    execute("UPDATE old_people SET verdict = 'skipped', reason = %s WHERE old_id = %s", [reason, key])


def _promote() -> None:
    decided = _changed_by_hand()
    roles = UserRole.objects.in_bulk()
    for user_id, role_id in fetch(_PROMOTED):
        if user_id not in decided:
            with changing_role(user_id=user_id):
                TelegramUser.objects.filter(pk=user_id, role__role_name=RoleName.CLIENT).update(
                    role=roles[role_id]
                )


def _changed_by_hand() -> set[int]:
    """Whom somebody changed in the admin since the old hub's people came first."""
    first = LegacyMigration.objects.filter(finished_at__isnull=False).order_by("pk").first()
    if first is None:
        return set()
    changes = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(TelegramUser), action_time__gte=first.finished_at
    )
    return {int(key) for key in changes.values_list("object_id", flat=True) if key}


def _select(shape: Shape) -> str:
    """Rows of `_COLUMNS`: the table's, then whoever only wrote."""
    person, role = shape.table("users", "u"), shape.table("user_roles", "r")
    join = "LEFT JOIN user_roles AS r ON r.id = u.role_id" if role.columns and person.has("role_id") else ""
    columns = [
        person.number("id"),
        person.text("username"),
        person.text("first_name"),
        person.text("last_name"),
        _role_name(person, role.text("role_name") if join else "NULL::text"),
        person.moment("first_seen", until=HAPPENED),
        person.moment("last_seen", until=HAPPENED),
        "false",
    ]
    return f"""
        (SELECT {", ".join(columns)} FROM users AS u {join} ORDER BY 1)
        UNION ALL ({_select_orphans(shape)})
    """


def _role_name(person: Table, of_key: str) -> str:
    """`role_id` where it is not the default, then `role` where it is not CLIENT, then `is_manager`."""
    return f"""coalesce(
        nullif({of_key}, 'client'), {_word(person)},
        CASE WHEN {person.flag("is_manager")} THEN 'manager' END, 'client')"""


def _word(table: Table) -> str:
    """The role that a column `role` says, by our names; NULL for CLIENT, its default, and for nothing."""
    said = f"nullif(nullif(lower(trim({table.text('role')})), ''), 'client')"
    named = " ".join(f"WHEN '{word}' THEN '{name}'" for word, name in ROLE_WORDS.items())
    return f"CASE {said} {named} ELSE {said} END"


def _select_orphans(shape: Shape) -> str:
    """Whoever wrote and stands in no table; of their roles the newest that their messages say."""
    message = shape.table("messages", "m")
    said = said_at(message)
    word = _word(message)
    return f"""
        SELECT m.user_id::bigint, NULL::text, NULL::text, NULL::text,
               coalesce(
                   (array_agg({word} ORDER BY m.id DESC) FILTER (WHERE {word} IS NOT NULL))[1], 'client'),
               min({said}), max({said}), true
          FROM messages AS m
         WHERE m.user_id IS NOT NULL AND m.user_id <> 0
           AND NOT EXISTS (SELECT FROM users WHERE users.id = m.user_id)
         GROUP BY 1 ORDER BY 1
    """
