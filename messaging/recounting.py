"""Counts against the messages they were made of: compared, or made anew.

Each comparison is one statement, so it may run while messages come in.
"""

from collections.abc import Mapping

from django.db import connection, transaction

from messaging.quarters import TOP_LEVEL

_COLUMNS = "bucket, role_id, messages, users, chats"
_SUMS = "sum(messages)::bigint AS messages, sum(users)::bigint AS users, sum(chats)::bigint AS chats"
_NOT_NOTHING = "(sum(messages), sum(users), sum(chats)) <> (0, 0, 0)"

# (what stands, what should): queries of the same columns.
COMPARISONS = {
    "counts of messages": (
        f"""
        SELECT bucket, role_id, {_SUMS}
          FROM (SELECT {_COLUMNS} FROM message_counts WHERE level = 0
                UNION ALL SELECT {_COLUMNS} FROM message_count_changes) AS counted
         GROUP BY 1, 2 HAVING {_NOT_NOTHING}
        """,  # noqa: S608  (constants, here and below)
        f"SELECT {_COLUMNS} FROM message_counts_truth",  # noqa: S608
    ),
    "sums of these": (
        f"""
        SELECT level::int, {_COLUMNS} FROM message_counts
         WHERE level > 0 AND (messages, users, chats) <> (0, 0, 0)
        """,  # noqa: S608
        f"""
        SELECT above.level, bucket >> (2 * above.level), role_id, {_SUMS}
          FROM message_counts CROSS JOIN generate_series(1, {TOP_LEVEL}) AS above (level)
         WHERE message_counts.level = 0 GROUP BY 1, 2, 3 HAVING {_NOT_NOTHING}
        """,  # noqa: S608
    ),
    "people's messages": (
        "SELECT user_id, newest, messages FROM author_activity",
        "SELECT user_id, newest, messages FROM author_activity_truth",
    ),
    "roles' newest messages in chats": (
        "SELECT chat_id, role_id, newest FROM chat_role_activity",
        "SELECT chat_id, role_id, newest FROM chat_role_activity_truth",
    ),
}


def rebuild_message_counts() -> None:
    """Count all messages again. Whoever stores messages waits for it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT message_counts_rebuild()")


def count_differences(stands: str, should: str) -> int:
    """In how many rows two queries differ; a row with another number counts twice."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH stands AS MATERIALIZED ({stands}), should AS MATERIALIZED ({should})
            SELECT count(*) FROM (
                (TABLE stands EXCEPT TABLE should) UNION ALL (TABLE should EXCEPT TABLE stands)
            ) AS different
            """  # noqa: S608  (queries of our own)
        )
        return int(cursor.fetchone()[0])


def find_differences(comparisons: Mapping[str, tuple[str, str]]) -> dict[str, int]:
    """Differences by what was compared; what agrees is not named."""
    counted = {name: count_differences(*queries) for name, queries in comparisons.items()}
    return {name: count for name, count in counted.items() if count}
