"""The house rules: settings of the sandbox, and the reasons to reject with."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from solo.admin import SingletonModelAdmin
from unfold.admin import ModelAdmin
from unfold.widgets import INPUT_CLASSES

from cvgorod_hub.common.admin import ListAdmin
from sandbox.models import RejectionReason, SandboxSettings


@admin.register(SandboxSettings)
class SandboxSettingsAdmin(SingletonModelAdmin, ModelAdmin):
    """One row, so its page stands where other models have their list."""

    # Solo's own templates are made for Django's look, unfold's for ours.
    change_form_template = "admin/change_form.html"
    object_history_template = "admin/object_history.html"
    fieldsets = (
        (_("Proposals"), {
            "fields": ("is_paused", "pause_note"),
            "description": _("A pause stops new drafts. What waits can still be decided."),
        }),
        (_("Review"), {"fields": ("draft_lifetime_hours", "four_eyes")}),
        (_("Working hours"), {
            "fields": (
                "scheduled_in_work_hours", ("work_starts", "work_ends"), ("works_saturday", "works_sunday"),
            ),
            "description": _(
                "By the chat's own time zone. They hold back scheduled replies, and say how long "
                "clients wait."
            ),
        }),
    )  # fmt: skip

    # Times of the chat's day: the browser's own picker, without Django's word on the server's time zone.
    formfield_overrides = {
        models.TimeField: {
            "widget": forms.TimeInput(
                format="%H:%M", attrs={"type": "time", "class": " ".join(INPUT_CLASSES)}
            )
        }
    }

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"show_save_and_continue": False, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def response_change(self, request: HttpRequest, obj: models.Model) -> HttpResponseRedirect:
        """Stay on the page: there is no list to go back to."""
        self.message_user(request, _("Saved. The rules hold from now on."))
        return HttpResponseRedirect(request.path)


@admin.register(RejectionReason)
class RejectionReasonAdmin(ListAdmin):
    list_empty = _("Offer reasons to choose from, and rejecting takes one tap.")
    list_display = ("text", "place", "is_offered")
    list_editable = ("place", "is_offered")
