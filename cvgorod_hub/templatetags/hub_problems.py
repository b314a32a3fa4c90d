"""The hub's problems for templates of any room: `{% problem_line %}`, `{% problem_list %}`."""

from typing import Any

from django import template
from django.http import HttpRequest

from cvgorod_hub.common.dates import local_time
from cvgorod_hub.frame import problems_of

register = template.Library()


@register.inclusion_tag("hub/problem_line.html", takes_context=True)
def problem_line(context: dict[str, Any]) -> dict[str, Any]:
    """One line for what is critical, on every page; the home page says it in full."""
    request: HttpRequest | None = context.get("request")
    critical = [problem for problem in problems_of(request) if problem.is_critical] if request else []
    return {"first": critical[0] if critical else None, "more": len(critical) - 1}


@register.inclusion_tag("hub/problem_list.html", takes_context=True)
def problem_list(context: dict[str, Any]) -> dict[str, Any]:
    """Every problem with what to do; links for those who may see the bots."""
    request: HttpRequest = context["request"]
    rows = [
        {"problem": problem, "since": local_time(problem.since) if problem.since else ""}
        for problem in problems_of(request)
    ]
    return {"rows": rows, "has_links": request.user.has_perm("bots.view_telegrambot")}
