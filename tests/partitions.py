"""Messages in partitions by month, as docs/partitioning.sql makes them."""

import os
from datetime import date
from pathlib import Path

from django.db import connection

RECIPE = Path(__file__).parents[1] / "docs" / "partitioning.sql"
FIRST_MONTH = date(2027, 1, 1)
# Whether all tests run on them.
EVERYWHERE = "HUB_TEST_PARTITIONED" in os.environ
# The table in which messages 1, 2, 3 … are.
OF_FIRST_NUMBERS = "messages_before" if EVERYWHERE else "messages"


def partition(*, first: date) -> None:
    """Give this month and the two after it partitions of their own; new messages go to the first of them."""
    with connection.cursor() as cursor:
        cursor.execute(RECIPE.read_text(encoding="utf-8"))
        cursor.execute("SELECT messages_partition(%s, 3), messages_begin_month(%s)", [first, first])
