"""Counts of meanings against the analyses they were made of: compared, or made anew."""

from django.conf import settings
from django.db import connection, transaction

from intents.counts import Meanings
from messaging.quarters import TOP_LEVEL

_LABELS = [field.name for field in Meanings._meta.get_fields()]  # noqa: SLF001  (Django's documented name)
_NAMES = ", ".join(_LABELS)
_SUMS = ", ".join(f"sum({name})::bigint AS {name}" for name in _LABELS)
_SOMETHING = " OR ".join(f"{name} <> 0" for name in _LABELS)
_SOMETHING_SUMMED = " OR ".join(f"sum({name}) <> 0" for name in _LABELS)

# (what stands, what should): queries of the same columns.
COMPARISONS = {
    "counts of meanings": (
        f"""
        SELECT bucket, role_id, {_SUMS}
          FROM (SELECT bucket, role_id, {_NAMES} FROM analysis_counts WHERE level = 0
                UNION ALL SELECT bucket, role_id, {_NAMES} FROM analysis_count_changes) AS counted
         GROUP BY 1, 2 HAVING {_SOMETHING_SUMMED}
        """,  # noqa: S608  (constants, here and below)
        f"SELECT bucket, role_id, {_NAMES} FROM analysis_counts_truth",  # noqa: S608
    ),
    "sums of meanings": (
        f"""
        SELECT level::int, bucket, role_id, {_NAMES} FROM analysis_counts
         WHERE level > 0 AND ({_SOMETHING})
        """,  # noqa: S608
        f"""
        SELECT above.level, bucket >> (2 * above.level), role_id, {_SUMS}
          FROM analysis_counts CROSS JOIN generate_series(1, {TOP_LEVEL}) AS above (level)
         WHERE analysis_counts.level = 0 GROUP BY 1, 2, 3 HAVING {_SOMETHING_SUMMED}
        """,  # noqa: S608
    ),
    "meanings by day": (
        f"SELECT date, role_id, {_NAMES} FROM analysis_days WHERE {_SOMETHING}",  # noqa: S608
        f"""
        SELECT analysis_date(bucket, time_zone), role_id, {_SUMS}
          FROM analysis_counts CROSS JOIN analysis_calendar
         WHERE level = 0 GROUP BY 1, 2 HAVING {_SOMETHING_SUMMED}
        """,  # noqa: S608
    ),
}


def rebuild_analysis_counts() -> None:
    """Count all analyses again, days in TIME_ZONE. Whoever stores messages or analyses waits for it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT analysis_counts_rebuild(%s)", [settings.TIME_ZONE])
