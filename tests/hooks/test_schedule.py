"""When something is tried again."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from django.utils import timezone

from cvgorod_hub.api.hooks.schedule import (
    JITTER,
    LONGEST_ASKED,
    LONGEST_PROBE_PAUSE,
    MOST_ATTEMPTS,
    PAUSES,
    pause_after,
    probe_pause,
)
from cvgorod_hub.common.external import read_retry_after


@pytest.mark.parametrize("attempts", range(1, MOST_ATTEMPTS))
def test_pauses_grow_with_some_jitter(attempts: int) -> None:
    pauses = {pause_after(attempts) for _ in range(50)}

    base = PAUSES[attempts - 1]
    assert all(base <= pause <= base * (1 + JITTER) for pause in pauses)
    assert len(pauses) > 40
    assert attempts == 1 or PAUSES[attempts - 2] * (1 + JITTER) < base


def test_the_pauses_are_those_that_the_documents_name() -> None:
    assert [pause.total_seconds() for pause in PAUSES] == [10, 60, 300, 1800, 7200, 21600, 86400]


def test_what_the_endpoint_asks_for_is_kept_within_bounds() -> None:
    assert pause_after(1, asked=timedelta(minutes=3)) == timedelta(minutes=3)
    assert pause_after(1, asked=timedelta(seconds=1)) >= PAUSES[0]
    assert pause_after(1, asked=timedelta(days=9)) == LONGEST_ASKED
    assert probe_pause(1, asked=timedelta(hours=2)) == timedelta(hours=2)


def test_an_endpoint_is_probed_at_least_every_half_hour() -> None:
    assert probe_pause(100) == LONGEST_PROBE_PAUSE == timedelta(minutes=30)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120), ("0", 0), ("", 0), ("soon", 0), ("-5", 0), ("1e3", 0), ("²", 0), ("9" * 40, 0)],
)
def test_retry_after_in_seconds(text: str, seconds: int) -> None:
    assert read_retry_after(text) == timedelta(seconds=seconds)


def test_retry_after_as_a_date() -> None:
    ahead = read_retry_after(format_datetime(timezone.now() + timedelta(minutes=2), usegmt=True))

    assert timedelta(seconds=110) < ahead <= timedelta(seconds=121)
    assert read_retry_after(format_datetime(datetime(2020, 1, 1, tzinfo=UTC), usegmt=True)) == timedelta(0)
