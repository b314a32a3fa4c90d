"""The first replies behind the figures of the home page, one by one, the slowest first."""

from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cvgorod_hub.common.together import read_together
from cvgorod_hub.desk.home.first_replies import ask_first_replies, read_first_replies, sum_up
from cvgorod_hub.desk.home.period import chosen_days
from cvgorod_hub.desk.rights import may_see_replies
from cvgorod_hub.desk.work_time import ask_rules, read_rules

PER_PAGE = 50


@require_safe
def replies_view(request: HttpRequest) -> HttpResponse:
    """`?who=` one person as the home page's links name them; everybody without it."""
    if not may_see_replies(request.user):
        raise PermissionDenied
    days, who = chosen_days(request.GET), request.GET.get("who", "")
    answers = read_together({"rules": ask_rules(), "replies": ask_first_replies(days.since, days.until)})
    work = read_rules(answers["rules"])
    replies = read_first_replies(answers["replies"], work)
    chosen = [reply for reply in replies if who in ("", reply.who)]
    chosen.sort(key=lambda reply: (reply.working, reply.wall, reply.message_id), reverse=True)
    context = {
        **admin.site.each_context(request),
        "title": _("First replies"),
        "days": days,
        "who": who,
        "people": sum_up(replies),
        "sums": sum_up(chosen) if who else [],
        "query": urlencode({"who": who, "day": days.last.isoformat(), "days": days.length}) + "&",
        "page": Paginator(chosen, PER_PAGE).get_page(request.GET.get("p")),
        "work": work,
    }
    return TemplateResponse(request, "desk/replies.html", context)
