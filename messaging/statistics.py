"""Who wrote how much since when, in one statement of constant cost.

SQL of its own, not the ORM: each statement adds up a few nodes of a tree, the changes that wait for it, and
what the index holds of one quarter of an hour; the ORM cannot say that as one query, and compiling it would
take as long as PostgreSQL takes to answer. How the counts come about says migration 0009.

Where a caller sees some chats only, messages are counted one by one: exact as well, but slower.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Count

from clients.models import RoleName
from cvgorod_hub.common.prepared import fetch_prepared
from cvgorod_hub.common.together import Question
from messaging.models import Message
from messaging.quarters import Period, quarter_of
from messaging.querysets import MessageQuerySet

# The lateral subqueries and the scalar ones keep a generic plan on the keys' indexes: a prepared statement's
# planner does not know that a range of nodes, or one quarter, is a handful of rows. Values stand in
# subqueries, where it does not see them: else it would plan anew for each call, which takes longer than the
# answer.
NODES = """unnest((SELECT %(levels)s::int[]), (SELECT %(firsts)s::int[]), (SELECT %(ends)s::int[]))
    AS nodes (level, first, stop)"""
FIRST_WHOLE = "(SELECT %(first_whole)s::int)"
_BEGUN = "timestamp >= (SELECT %(since)s::timestamptz) AND timestamp < (SELECT %(whole_from)s::timestamptz)"
# Every message is of a chat; asked so, no plan leaves the index by time for that of people, to skip through.
BEGUN = f"chat_id <> 0 AND {_BEGUN}"

TOTAL = f"""
SELECT (
    SELECT coalesce(sum(node.messages), 0) FROM {NODES}, LATERAL (
        SELECT sum(messages) AS messages FROM message_counts
         WHERE level = nodes.level AND bucket >= nodes.first AND bucket < nodes.stop
    ) AS node
) + (
    SELECT coalesce(sum(messages), 0) FROM message_count_changes WHERE bucket >= {FIRST_WHOLE}
) + (
    SELECT count(*) FROM messages
     WHERE {_BEGUN}
)
"""  # noqa: S608  (a constant)

# An author, and a chat, counts where the newest message of the role is: also in the quarter that is begun.
BY_ROLE = f"""
WITH begun AS MATERIALIZED (
    SELECT said.messages, said.user_id, said.chat_id,
           coalesce((SELECT role_id FROM users WHERE id = said.user_id), 0) AS role_id
      FROM (SELECT chat_id, user_id, count(*) AS messages FROM messages
             WHERE {BEGUN}
             GROUP BY 1, 2) AS said
), counted AS (
    SELECT node.* FROM {NODES}, LATERAL (
        SELECT role_id, sum(messages) AS messages, sum(chats) AS chats, sum(users) AS users
          FROM message_counts
         WHERE level = nodes.level AND bucket >= nodes.first AND bucket < nodes.stop
         GROUP BY 1
    ) AS node
    UNION ALL
    SELECT role_id, messages, chats, users FROM message_count_changes WHERE bucket >= {FIRST_WHOLE}
    UNION ALL
    SELECT role_id, messages, 0, 0 FROM begun
    UNION ALL
    SELECT role_id, 0, 1, 0 FROM (SELECT DISTINCT chat_id, role_id FROM begun) AS pair
     WHERE (SELECT newest FROM chat_role_activity AS known
             WHERE known.chat_id = pair.chat_id AND known.role_id = pair.role_id) = %(quarter)s
    UNION ALL
    SELECT role_id, 0, 0, 1 FROM (SELECT DISTINCT user_id, role_id FROM begun) AS author
     WHERE (SELECT newest FROM author_activity WHERE user_id = author.user_id) = %(quarter)s
)
SELECT (SELECT role_name FROM user_roles WHERE id = counted.role_id) AS role,
       sum(messages)::bigint, sum(chats)::bigint, sum(users)::bigint
  FROM counted GROUP BY role_id HAVING sum(messages) <> 0
 ORDER BY 2 DESC, coalesce((SELECT role_name FROM user_roles WHERE id = counted.role_id), '') COLLATE "C"
"""  # noqa: S608  (a constant)

ACTIVE_AUTHORS = f"""
WITH wanted AS MATERIALIZED (SELECT id FROM user_roles WHERE role_name = %(role)s)
SELECT (
    SELECT coalesce(sum(node.users), 0) FROM {NODES}, LATERAL (
        SELECT sum(users) AS users FROM message_counts
         WHERE level = nodes.level AND bucket >= nodes.first AND bucket < nodes.stop
           AND role_id = (SELECT id FROM wanted)
    ) AS node
) + (
    SELECT coalesce(sum(users), 0) FROM message_count_changes
     WHERE bucket >= {FIRST_WHOLE} AND role_id = (SELECT id FROM wanted)
) + (
    SELECT count(*) FROM (
        SELECT DISTINCT user_id FROM messages
         WHERE {BEGUN}
    ) AS author
     WHERE (SELECT newest FROM author_activity WHERE user_id = author.user_id) = %(quarter)s
       AND (SELECT role_id FROM users WHERE id = author.user_id) = (SELECT id FROM wanted)
)
"""  # noqa: S608  (a constant)

BY_QUARTER = """
SELECT bucket, coalesce((
         SELECT CASE WHEN is_staff THEN 'staff' WHEN is_bot THEN 'program' ELSE 'client' END
           FROM user_roles WHERE id = counted.role_id
       ), 'channel') AS speaker, sum(messages)::bigint AS messages
  FROM (
    SELECT bucket, role_id, messages FROM message_counts
     WHERE level = 0 AND bucket >= %(first)s::int AND bucket < %(end)s::int
    UNION ALL
    SELECT bucket, role_id, messages FROM message_count_changes
     WHERE bucket >= %(first)s::int AND bucket < %(end)s::int
  ) AS counted
 GROUP BY 1, 2 HAVING sum(messages) <> 0
 ORDER BY 1, 2
"""

ROLE_COLUMNS = ("role", "message_count", "active_chats", "active_users")


def count_messages(since: datetime | None, *, chat_ids: Collection[int] | None = None) -> int:
    """How many messages were sent since then (None: ever), in these chats (None: all)."""
    if chat_ids is not None:
        return _messages_of(chat_ids, since).count()
    return int(fetch_prepared(TOTAL, Period(since=since).parameters())[0][0])


def count_by_role(since: datetime | None, *, chat_ids: Collection[int] | None = None) -> list[dict[str, Any]]:
    """Messages since then, and in how many chats how many people wrote them; the busiest role first.

    The role is the one that a person has now; None where a channel spoke.
    """
    if chat_ids is not None:
        return _count_by_role_directly(_messages_of(chat_ids, since))
    rows = fetch_prepared(BY_ROLE, Period(since=since).parameters())
    return [dict(zip(ROLE_COLUMNS, row, strict=True)) for row in rows]


def count_active_clients(since: datetime | None, *, chat_ids: Collection[int] | None = None) -> int:
    """How many clients wrote at least once since then."""
    if chat_ids is not None:
        messages = _messages_of(chat_ids, since).filter(user__role__role_name=RoleName.CLIENT)
        return int(messages.order_by().aggregate(count=Count("user_id", distinct=True))["count"])
    parameters = Period(since=since).parameters()
    return int(fetch_prepared(ACTIVE_AUTHORS, {**parameters, "role": RoleName.CLIENT.value})[0][0])


def ask_by_quarter(since: datetime, until: datetime) -> Question:
    """`{"bucket", "speaker", "messages"}` for each quarter between two moments at which quarters begin.

    `speaker` is client, staff, program, or channel where nobody in particular speaks.
    """
    return Question(BY_QUARTER, {"first": quarter_of(since), "end": quarter_of(until)})


def _messages_of(chat_ids: Collection[int], since: datetime | None) -> MessageQuerySet:
    messages: MessageQuerySet = Message.objects.filter(chat_id__in=chat_ids)
    return messages if since is None else messages.filter(timestamp__gte=since)


def _count_by_role_directly(messages: MessageQuerySet) -> list[dict[str, Any]]:
    counts = (
        messages.order_by()
        .values_list("user__role__role_name")
        .annotate(
            message_count=Count("pk"),
            active_chats=Count("chat_id", distinct=True),
            active_users=Count("user_id", distinct=True),
        )
    )
    rows = [dict(zip(ROLE_COLUMNS, row, strict=True)) for row in counts]
    return sorted(rows, key=lambda row: (-row["message_count"], row["role"] or ""))
