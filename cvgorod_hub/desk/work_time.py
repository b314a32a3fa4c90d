"""Working time by the house rules, in each chat's own zone."""

from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.utils import dates, timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _

from cvgorod_hub.common.together import Question
from sandbox.models import SandboxSettings
from sandbox.working_hours import WorkCalendar, zone_named


class WorkTime:
    """How much working time lies between two moments; calendars are made once for each zone."""

    def __init__(self, rules: SandboxSettings) -> None:
        self._rules = rules
        self._calendars: dict[str, WorkCalendar] = {}

    def between(self, begin: datetime, end: datetime, *, zone: str) -> timedelta:
        """`zone` is a chat's `time_zone`; empty: the hub's."""
        return self._calendar(zone).time_between(begin, end)

    @cached_property
    def is_open(self) -> bool:
        """Whether people work now, by the hub's clock."""
        return self._calendar("").is_open(timezone.now())

    def in_words(self) -> str:
        """When people work, for those who read waiting times."""
        rules = self._rules
        last = 6 if rules.works_sunday and rules.works_saturday else 5 if rules.works_saturday else 4
        days = _("%(first)s–%(last)s") % {"first": dates.WEEKDAYS_ABBR[0], "last": dates.WEEKDAYS_ABBR[last]}
        if rules.works_sunday and not rules.works_saturday:
            days = f"{days}, {dates.WEEKDAYS_ABBR[6]}"
        return _("%(days)s %(begin)s–%(end)s") % {
            "days": days,
            "begin": time_format(rules.work_starts, "H:i"),
            "end": time_format(rules.work_ends, "H:i"),
        }

    def _calendar(self, zone: str) -> WorkCalendar:
        if zone not in self._calendars:
            self._calendars[zone] = WorkCalendar(rules=self._rules, zone=zone_named(zone))
        return self._calendars[zone]


def ask_rules() -> Question:
    """The house rules, to be read together with what they are needed for."""
    return Question("SELECT work_starts, work_ends, works_saturday, works_sunday FROM sandbox_settings")


def read_rules(rows: list[dict[str, Any]]) -> WorkTime:
    """By `ask_rules()`; before anybody has opened their page there is no row, and the defaults hold."""
    rules = SandboxSettings(**(rows[0] if rows else {}))
    rules.clean_fields()  # makes times of the texts that they travelled as
    return WorkTime(rules)
