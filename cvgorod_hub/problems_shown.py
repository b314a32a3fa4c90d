"""The hub's problems as the admin's pages show them: found once per request, for staff only."""

from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from bots.problems import Problem

_KEPT_AS = "_hub_problems"


def problems_of(request: HttpRequest) -> "list[Problem]":
    """What find_problems() says for this page; nothing for people who are not logged in as staff."""
    problems: list[Problem] | None = getattr(request, _KEPT_AS, None)
    if problems is None:
        from bots.problems import find_problems  # settings import this module, before there are models

        user = getattr(request, "user", None)
        problems = find_problems() if user is not None and user.is_active and user.is_staff else []
        setattr(request, _KEPT_AS, problems)
    return problems
