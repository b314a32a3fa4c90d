"""The waiting board: every chat whose client's last word is unanswered, longest first."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cvgorod_hub.common.together import read_together
from cvgorod_hub.desk.waiting.reading import (
    ask_order,
    ask_waiting,
    longest_first,
    may_see_waiting,
    read_waits,
)
from cvgorod_hub.desk.work_time import ask_rules, read_rules

PER_PAGE = 50


@require_safe
def waiting_view(request: HttpRequest) -> HttpResponse:
    """Two statements: who waits, in brief; then what the shown page says of them."""
    if not may_see_waiting(request.user):
        raise PermissionDenied
    known = read_together({"rules": ask_rules(), "order": ask_order()})
    work = read_rules(known["rules"])
    page = Paginator(longest_first(known["order"], work), PER_PAGE).get_page(request.GET.get("p"))
    shown = read_together({"waiting": ask_waiting(most=PER_PAGE, chats=page.object_list)}) if page else {}
    context = {
        **admin.site.each_context(request),
        "title": _("Waiting for an answer"),
        "page": page,
        "waits": read_waits(shown.get("waiting", []), work, request.user),
        "work": work,
    }
    return TemplateResponse(request, "desk/waiting.html", context)
