"""API keys in the admin: made here, shown once, revoked at once."""

from typing import TYPE_CHECKING

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from cvgorod_hub.api.hooks.admin import WebhookDeliveryAdmin, WebhookEndpointAdmin
from cvgorod_hub.api.keys import assign_secret
from cvgorod_hub.api.models import ApiKey, Scope

__all__ = ["ApiKeyAdmin", "WebhookDeliveryAdmin", "WebhookEndpointAdmin"]

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    ModelForm = forms.ModelForm[ApiKey]
else:
    ModelForm = forms.ModelForm  # not generic while it runs


class ApiKeyForm(ModelForm):
    scopes = forms.MultipleChoiceField(
        label=_("may"), choices=Scope.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    class Meta:
        model = ApiKey
        fields = ("name", "scopes", "expires_at")

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        return name.strip()


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):
    form = ApiKeyForm
    list_display = ("name", "scope_names", "begins_with", "state", "expires_at", "last_used_at", "created_by")
    list_select_related = ("created_by",)
    search_fields = ("name", "lookup")
    fields = ("name", "scopes", "expires_at", "begins_with", "revoked_at", "last_used_at", "created_by")
    readonly_fields = ("begins_with", "revoked_at", "last_used_at", "created_by")
    actions = ("revoke",)

    @display(description=_("may"))
    def scope_names(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @display(description=_("begins with"))
    def begins_with(self, key: ApiKey) -> str:
        return f"cvh_{key.lookup}" if key.lookup else "—"

    @display(description=_("state"), label={"usable": "success", "expired": "warning", "revoked": "danger"})
    def state(self, key: ApiKey) -> "tuple[str, StrOrPromise]":
        if key.revoked_at is not None:
            return "revoked", _("revoked")
        return ("usable", _("usable")) if key.is_usable else ("expired", _("expired"))

    def save_model(self, request: HttpRequest, obj: ApiKey, form: ApiKeyForm, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        text = assign_secret(obj)
        obj.created_by_id = request.user.pk
        super().save_model(request, obj, form, change)
        sentence = gettext("The key, shown only now; copy it: {}")
        shown_once = format_html(sentence, format_html("<code>{}</code>", text))
        messages.warning(request, shown_once)

    @action(description=_("Revoke the selected keys"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        count = queryset.filter(revoked_at__isnull=True).update(revoked_at=timezone.now())
        text = ngettext("%(count)d key revoked.", "%(count)d keys revoked.", count) % {"count": count}
        messages.success(request, text)

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """The log of decisions names keys, so a key is revoked and stays."""
        return False
