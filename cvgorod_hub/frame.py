"""What every page of the admin tells beside its own subject: problems of the hub, and numbers in the sidebar.

All of it is counted in one statement, once per request.
"""

from typing import TYPE_CHECKING

from django.http import HttpRequest

from cvgorod_hub.badges import badge_counts
from cvgorod_hub.common.together import count_together

if TYPE_CHECKING:
    from bots.problems import Problem

_COUNTS, _PROBLEMS = "_hub_counts", "_hub_problems"


def counts_of(request: HttpRequest) -> dict[str, int]:
    """By the names of `badge_counts()` and of the problems' `first_counts()`."""
    counts: dict[str, int] | None = getattr(request, _COUNTS, None)
    if counts is None:
        from bots.problems import first_counts  # settings import this module, before there are models

        counts = count_together({**badge_counts(), **first_counts()})
        setattr(request, _COUNTS, counts)
    return counts


def problems_of(request: HttpRequest) -> "list[Problem]":
    """What find_problems() says for this page; nothing for people who are not logged in as staff."""
    problems: list[Problem] | None = getattr(request, _PROBLEMS, None)
    if problems is None:
        from bots.problems import find_problems

        user = getattr(request, "user", None)
        is_staff = user is not None and user.is_active and user.is_staff
        problems = find_problems(counts_of(request)) if is_staff else []
        setattr(request, _PROBLEMS, problems)
    return problems
