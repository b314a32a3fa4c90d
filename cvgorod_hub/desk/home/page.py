"""The home page's numbers, read in one statement beside what every page of the admin asks."""

from typing import Any

from django.http import HttpRequest

from cvgorod_hub.common.together import Question, read_together
from cvgorod_hub.desk.home.beginning import beginning
from cvgorod_hub.desk.home.days import ask_days, days_context
from cvgorod_hub.desk.home.now import ask_now, now_context
from cvgorod_hub.desk.home.period import chosen_days
from cvgorod_hub.desk.work_time import ask_rules, read_rules

_ANYTHING = Question("SELECT EXISTS (SELECT FROM messages) AS was_said")


def home_context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What unfold's dashboard asks for (`DASHBOARD_CALLBACK`)."""
    user, days = request.user, chosen_days(request.GET)
    answers = read_together(
        {"anything": _ANYTHING, "rules": ask_rules(), **ask_now(user), **ask_days(user, days)}
    )
    work = read_rules(answers["rules"])
    is_empty = not answers["anything"][0]["was_said"]
    return {
        **context,
        "now": now_context(answers, work, user),
        "beginning": beginning(request) if is_empty else [],
        "day": None if is_empty else days_context(answers, days, work),
    }
