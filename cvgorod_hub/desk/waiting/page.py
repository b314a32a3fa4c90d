"""The waiting board: every chat whose client's last word is unanswered, longest first."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cvgorod_hub.common.together import Rows, read_together
from cvgorod_hub.desk.rights import User, may_see_drafts, may_see_urgent, may_see_waiting
from cvgorod_hub.desk.waiting.reading import ask_order, ask_waiting, longest_first, read_waits
from cvgorod_hub.desk.work_time import ask_rules, read_rules

PER_PAGE = 50
URGENT = "urgent"


@require_safe
def waiting_view(request: HttpRequest) -> HttpResponse:
    """Two statements: who waits, in brief; then what the shown page says of them."""
    if not may_see_waiting(request.user):
        raise PermissionDenied
    known = read_together({"rules": ask_rules(), "order": ask_order()})
    work = read_rules(known["rules"])
    ways = list(_ways(request.user, known["order"]))
    chosen = next((way for way in ways if way.name == request.GET.get("only")), ways[0])
    page = Paginator(longest_first(chosen.rows, work), PER_PAGE).get_page(request.GET.get("p"))
    shown = read_together({"waiting": ask_waiting(most=PER_PAGE, chats=list(page))}) if page else {}
    context = {
        **admin.site.each_context(request),
        "title": _("Waiting for an answer"),
        "ways": ways,
        "chosen": chosen,
        "page": page,
        "waits": read_waits(shown.get("waiting", []), work, request.user),
        "work": work,
    }
    return TemplateResponse(request, "desk/waiting.html", context)


@dataclass(frozen=True)
class Way:
    """What the board can be narrowed to; `name` stands in the address."""

    name: str
    label: str
    rows: Rows


def _ways(user: User, rows: Rows) -> Iterator[Way]:
    """Everybody, then what this user may tell apart."""
    yield Way("", _("All"), rows)
    if may_see_urgent(user):
        yield Way(URGENT, _("Urgent"), [row for row in rows if row["is_urgent"]])
    if may_see_drafts(user):
        yield Way("no-draft", _("Without a draft"), [row for row in rows if not row["has_draft"]])
