"""A person's data in the admin: downloaded, erased, and the list of who was erased.

Downloading and erasing need permissions of their own; both are POSTs and stand in the admin's log.
"""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from unfold.decorators import display

from clients.erasing import NotErasableError, check_erasable
from clients.models import TelegramUser
from cvgorod_hub.common.admin import ReadOnlyAdmin
from cvgorod_hub.common.nudge import nudge
from cvgorod_hub.privacy.counting import count_data, in_words
from cvgorod_hub.privacy.erasing import begin
from cvgorod_hub.privacy.exporting import export_person, file_name
from cvgorod_hub.privacy.models import LONGEST_REQUEST, Erasure
from cvgorod_hub.privacy.tasks import go_on_erasing
from sandbox.actors import Actor

MAY_EXPORT, MAY_ERASE = "hub.export_person", "hub.erase_person"
_PERSON = "admin:hub_erasure_person"
STATE_COLOURS = {Erasure.State.RUNNING: "info", Erasure.State.FINISHED: "default"}


class ErasureAdmin(ReadOnlyAdmin):
    list_display = (
        "began_at",
        "person",
        "state_label",
        "messages_count",
        "request",
        "actor_name",
        "finished_at",
    )
    list_filter = ("state",)
    list_empty = gettext_lazy("Who asks for it is erased from their own page, under People.")
    fields = (
        "person",
        "state",
        "how_much",
        "request",
        "until",
        "actor_name",
        "began_at",
        "finished_at",
        "error",
    )
    readonly_fields = ("person", "how_much")

    @display(description=gettext_lazy("Telegram id"))
    def person(self, erasure: Erasure) -> str:
        url = reverse("admin:clients_telegramuser_change", args=[erasure.person_id])
        return format_html('<a href="{}" class="underline">{}</a>', url, erasure.person_id)

    @display(description=gettext_lazy("state"), label=STATE_COLOURS, ordering="state")
    def state_label(self, erasure: Erasure) -> tuple[str, str]:
        return erasure.state, erasure.get_state_display()

    @display(description=gettext_lazy("messages"))
    def messages_count(self, erasure: Erasure) -> str:
        return number_format(erasure.counts.get("messages", 0), force_grouping=True)

    @display(description=gettext_lazy("how much"))
    def how_much(self, erasure: Erasure) -> str:
        counted = in_words(erasure.counts)
        lines = [(label, number_format(count, force_grouping=True)) for label, count in counted]
        return format_html_join("", "<div>{}: {}</div>", lines) if lines else _("nothing yet")

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        return [
            path("person/<int:person_id>/", guard(require_safe(self.person_view)), name="hub_erasure_person"),
            path(
                "person/<int:person_id>/download/",
                require_POST(guard(self.download_view)),
                name="hub_erasure_download",
            ),
            path(
                "person/<int:person_id>/erase/",
                require_POST(guard(self.erase_view)),
                name="hub_erasure_erase",
            ),
            *super().get_urls(),
        ]

    def person_view(self, request: HttpRequest, person_id: int) -> HttpResponse:
        """What there is, what would become of it, and both buttons."""
        may_export, may_erase = request.user.has_perm(MAY_EXPORT), request.user.has_perm(MAY_ERASE)
        if not (may_export or may_erase):
            raise PermissionDenied
        return self._page(request, _person(person_id), {})

    def download_view(self, request: HttpRequest, person_id: int) -> StreamingHttpResponse:
        if not request.user.has_perm(MAY_EXPORT):
            raise PermissionDenied
        person = _person(person_id)
        # Before the first row leaves.
        self.log_change(request, person, _("Everything about the person was downloaded."))
        response = StreamingHttpResponse(export_person(person), content_type="application/zip")
        response["Content-Disposition"] = content_disposition_header(True, file_name(person))
        # A proxy would gather the file before it passes it on.
        response["X-Accel-Buffering"] = "no"
        return response

    def erase_view(self, request: HttpRequest, person_id: int) -> HttpResponse:
        if not request.user.has_perm(MAY_ERASE):
            raise PermissionDenied
        person = _person(person_id)
        said = request.POST.get("request", "").strip()[:LONGEST_REQUEST].replace("\x00", "")
        if request.POST.get("confirmation", "").strip() != str(person_id) or not said:
            wrong = _("Nothing was erased: write how the request came, and the number as it stands above.")
            return self._page(request, person, {"wrong": wrong, "said": said}, status=409)
        try:
            erasure = begin(person_id=person_id, request=said, actor=Actor.from_user(request.user))
        except NotErasableError as error:
            return self._page(request, person, {"wrong": str(error)}, status=409)
        person.refresh_from_db()
        self.log_change(request, person, _("The person is being erased."))
        nudge(go_on_erasing)
        text = _("The names are gone; a worker erases the rest now. This page says how far it is.")
        messages.success(request, text)
        return HttpResponseRedirect(reverse("admin:hub_erasure_change", args=[erasure.pk]))

    def _page(
        self, request: HttpRequest, person: TelegramUser, more: dict[str, Any], status: int = 200
    ) -> HttpResponse:
        erasures = Erasure.objects.filter(person_id=person.pk)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Data of a person"),
            "person": person,
            "counts": in_words(count_data(person)),
            "may_export": request.user.has_perm(MAY_EXPORT),
            "may_erase": request.user.has_perm(MAY_ERASE),
            "why_not": _why_not(person),
            "running": erasures.filter(state=Erasure.State.RUNNING).first(),
            "erased": erasures.filter(state=Erasure.State.FINISHED).first(),
            "longest_request": LONGEST_REQUEST,
            **more,
        }
        return TemplateResponse(request, "privacy/person.html", context, status=status)


def register() -> None:
    admin.site.register(Erasure, ErasureAdmin)


def _person(person_id: int) -> TelegramUser:
    if person_id >= 2**63:
        raise Http404
    return get_object_or_404(TelegramUser.objects.select_related("role", "staff_account"), pk=person_id)


def _why_not(person: TelegramUser) -> str:
    try:
        check_erasable(person)
    except NotErasableError as error:
        return str(error)
    return ""
