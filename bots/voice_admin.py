"""Recordings in the admin: how far each has come, trying again, and a person's own words.

Looking needs the permission to view recordings; trying again and writing that to change them. Its player and
its words are on a recording's page as on its message's (messaging/recording_page.py).
"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from unfold.decorators import action, display

from bots.voice.decisions import ChangedError, retry, write_transcript
from bots.voice.usage import seconds_since
from cvgorod_hub.common.admin import LargeTableAdmin, excerpt
from cvgorod_hub.common.lists.csv import Column
from messaging.conversation_links import linked_place
from messaging.media import clock
from messaging.models import Recording
from messaging.recording_page import TEMPLATE, page_context

State = Recording.State
# Every state: Unfold shows the bare value of one that has no colour.
STATE_COLOURS = {
    **dict.fromkeys(State.values, "default"),
    State.WAITING: "info",
    State.DOWNLOADING: "info",
    State.RECOGNISING: "info",
    State.DONE: "success",
    State.FAILED: "danger",
    State.TOO_BIG: "warning",
    State.OFF: "warning",
}


@admin.register(Recording)
class RecordingAdmin(LargeTableAdmin):
    list_display = ("said", "state_label", "length", "words", "by", "why")
    list_filter = ("state", "written_by", "container", "api")
    list_select_related = ("message__chat", "message__user")
    page_key = ("message_id",)
    list_empty = gettext_lazy("Voice messages, video notes and audio files appear here as they arrive.")
    export_columns = (
        Column(gettext_lazy("time"), "message.timestamp"),
        Column(gettext_lazy("chat"), "message.chat"),
        Column(gettext_lazy("author"), "message.user"),
        Column(gettext_lazy("state"), "get_state_display"),
        Column(gettext_lazy("length, seconds"), lambda recording: round(recording.seconds)),
        Column(gettext_lazy("transcript"), "message.transcript"),
        Column(gettext_lazy("transcript by"), "get_written_by_display"),
        Column(gettext_lazy("problem"), "get_problem_display"),
    )
    list_before_template = "bots/recordings_top.html"
    actions = ("try_again",)
    # The file is heard in the player; Telegram's own words for it are nobody's business here.
    exclude = (
        *("file", "file_id", "file_unique_id", "told_mime_type", "told_size"),
        *("due_at", "version", "faults"),
    )
    change_form_outer_before_template = TEMPLATE

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recording]:
        queryset: QuerySet[Recording] = super().get_queryset(request)
        return queryset.defer("message__search_vector")

    @display(description=gettext_lazy("message"))
    def said(self, recording: Recording) -> str:
        message = recording.message
        author = message.user.display_name if message.user else message.chat
        return format_html(
            '<div><a href="{}" class="underline">{}</a><br><small>{}, {}</small></div>',
            reverse("admin:messaging_message_change", args=[message.pk]),
            author,
            linked_place(message),
            message.get_message_type_display(),
        )

    @display(description=gettext_lazy("state"), label=STATE_COLOURS)
    def state_label(self, recording: Recording) -> tuple[str, str]:
        return recording.state, recording.get_state_display()

    @display(description=gettext_lazy("length"))
    def length(self, recording: Recording) -> str:
        return clock(round(recording.seconds))

    @display(description=gettext_lazy("transcript"))
    def words(self, recording: Recording) -> str:
        return excerpt(recording.message.transcript)

    @display(description=gettext_lazy("transcript by"), empty_value="")
    def by(self, recording: Recording) -> str:
        return recording.get_written_by_display()

    @display(description=gettext_lazy("problem"), empty_value="")
    def why(self, recording: Recording) -> str:
        return recording.get_problem_display() or (excerpt(recording.error) if recording.is_at_work else "")

    @action(description=gettext_lazy("Try again"), permissions=["settle"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Recording]) -> None:
        tried = [recording for recording in queryset if retry(recording.pk)]
        for recording in tried:
            self.log_change(request, recording, _("Try again"))
        text = ngettext(
            "%(count)d recording is tried again.", "%(count)d recordings are tried again.", len(tried)
        )
        messages.success(request, text % {"count": len(tried)})
        if left := len(queryset) - len(tried):
            text = ngettext(
                "%(count)d recording stays: trying again cannot help it.",
                "%(count)d recordings stay: trying again cannot help them.",
                left,
            )
            messages.warning(request, text % {"count": left})

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("messaging.change_recording")

    def get_list_display_links(self, request: HttpRequest, list_display: Sequence[Any]) -> Sequence[str]:
        return ("length",)

    def get_urls(self) -> list[URLPattern]:
        views = [("retry", self.retry_view), ("write", self.write_view)]
        own = [
            path(
                f"<int:pk>/{name}/",
                require_POST(self.admin_site.admin_view(view)),
                name=f"messaging_recording_{name}",
            )
            for name, view in views
        ]
        return [*own, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        days = {"today": 1, "week": 7, "month": 30}
        top = {
            "is_recognising": settings.YANDEX_STT_ENABLED,
            "used": {name: clock(seconds_since(count)) for name, count in days.items()},
            "keep_days": settings.VOICE_KEEP_DAYS,
        }
        return super().changelist_view(request, {**(extra_context or {}), **top})

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        *args: Any,
        obj: Recording | None = None,
        **kwargs: Any,
    ) -> HttpResponse:
        if obj is not None:
            context |= page_context(obj, request.user)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def retry_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        recording = self._settled_by(request, pk)
        if retry(pk):
            self.log_change(request, recording, _("Try again"))
            messages.success(request, _("The recording is tried again."))
        else:
            messages.warning(request, _("Trying again cannot help now: look at its state."))
        return self._back(recording)

    def write_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        recording = self._settled_by(request, pk)
        version = request.POST.get("version", "")
        words = request.POST.get("words", "")
        assert isinstance(request.user, User)  # noqa: S101  (whoever is logged in)
        try:
            write_transcript(
                recording_id=pk,
                words=words,
                writer=request.user,
                version=int(version) if version.isdecimal() and len(version) < 10 else -1,
            )
        except ChangedError:
            text = _("The transcript changed meanwhile; nothing was saved. You had written: %(words)s")
            messages.error(request, text % {"words": words})
        else:
            self.log_change(request, recording, _("Save the transcript"))
            messages.success(request, _("The transcript is saved."))
        return self._back(recording)

    def _settled_by(self, request: HttpRequest, pk: int) -> Recording:
        if not (self.has_view_permission(request) and self.has_settle_permission(request)):
            raise PermissionDenied
        return get_object_or_404(Recording, pk=pk)

    @staticmethod
    def _back(recording: Recording) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:messaging_message_change", args=[recording.message_id]))
