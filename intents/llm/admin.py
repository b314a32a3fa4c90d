"""The model's settings in the admin, with what it used and what keeps it from being asked."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.formats import number_format
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from solo.admin import SingletonModelAdmin
from unfold.admin import ModelAdmin

from intents.llm.budget import DAYS_SHOWN, Use, used_by_version, used_in_days, used_today
from intents.llm.gate import try_now
from intents.llm.records import ModelSettings
from intents.llm.troubles import find_model_trouble
from intents.models import MessageAnalysis

# Counting stops here: more is simply many.
MOST_COUNTED = 10_000


@admin.register(ModelSettings)
class ModelSettingsAdmin(SingletonModelAdmin, ModelAdmin):
    """One row, so its page stands where other models have their list."""

    # Solo's own templates are made for Django's look, unfold's for ours.
    change_form_template = "admin/change_form.html"
    change_form_outer_before_template = "intents/model_use.html"
    object_history_template = "admin/object_history.html"
    fieldsets = (
        (_("What the model reads"), {
            "fields": ("asks", "unsure_below", "patience_days"),
            "description": _("What people said stands over the model, and the model over the patterns."),
        }),
        (_("Budget of a day"), {
            "fields": (("daily_cost", "daily_tokens"),),
            "description": _("When one of them is used up, the model rests until the next day."),
        }),
        (_("Prices, dollars for a million tokens"), {
            "fields": (("price_hit", "price_miss", "price_output"),),
            "description": _(
                "Of deepseek-flash at its dear hours; platform.deepseek.com says what it takes now."
            ),
        }),
    )  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        own = path("try-now/", self.admin_site.admin_view(self.try_now), name="intents_modelsettings_try_now")
        return [own, *super().get_urls()]

    def try_now(self, request: HttpRequest) -> HttpResponse:
        """A person mended something: the next request does not wait."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_change_permission(request):
            raise PermissionDenied
        try_now()
        self.message_user(request, _("DeepSeek will be asked within a few seconds."))
        return HttpResponseRedirect(reverse("admin:intents_modelsettings_changelist"))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"show_save_and_continue": False, **_shown(), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def save_model(self, request: HttpRequest, obj: models.Model, form: Any, change: Any) -> None:  # noqa: ANN401
        super().save_model(request, obj, form, change)
        try_now()

    def response_change(self, request: HttpRequest, obj: models.Model) -> HttpResponseRedirect:
        """Stay on the page: there is no list to go back to."""
        self.message_user(request, _("Saved. The rules hold from now on."))
        return HttpResponseRedirect(request.path)


def _shown() -> dict[str, Any]:
    """What the page shows beside the form."""
    waiting = MessageAnalysis.objects.filter(model_due_at__isnull=False)[: MOST_COUNTED + 1].count()
    limit, today = ModelSettings.get_solo().daily_cost, used_today()
    uses = [(str(_("Today")), today), (_("Last %(days)d days") % {"days": DAYS_SHOWN}, used_in_days())]
    versions = [(f"{model} · {version}", use) for model, version, use in used_by_version()]
    return {
        "model_key_is_set": bool(settings.DEEPSEEK_API_KEY),
        "model_name": settings.DEEPSEEK_MODEL,
        "model_trouble": find_model_trouble(),
        "model_waiting": f"{_count(MOST_COUNTED)}+" if waiting > MOST_COUNTED else _count(waiting),
        "model_limit": None if limit is None else _money(limit),
        "model_spent": _money(today.cost),
        # One version alone would say the same again.
        "model_use": _table([*uses, *(versions if len(versions) > 1 else [])]),
    }


def _table(uses: Sequence[tuple[str, Use]]) -> dict[str, Any]:
    """For unfold's table."""
    names = (
        _("dollars"),
        _("messages"),
        _("tokens"),
        _("tokens a message"),
        _("from the cache"),
        _("requests"),
        _("without an answer"),
    )
    return {
        "headers": ["", *(capfirst(name) for name in names)],
        "rows": [[name, *_figures(use)] for name, use in uses],
    }


def _figures(use: Use) -> list[str]:
    return [
        _money(use.cost),
        _count(use.messages),
        _count(use.tokens),
        _count(use.tokens // use.messages) if use.messages else "—",
        "—" if use.hit_share is None else f"{use.hit_share:.0%}",
        _count(use.requests),
        _count(use.failures),
    ]


def _count(number: int) -> str:
    return number_format(number, force_grouping=True)


def _money(dollars: Decimal) -> str:
    """Cents, and of less than one what a request costs."""
    return number_format(dollars, decimal_pos=2 if dollars >= 1 or not dollars else 4)
