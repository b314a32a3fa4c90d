"""API keys in the admin: made here, shown once, renewed and revoked at once; what each of them does."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Q
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from cvgorod_hub.api.keys.admin.actions import KeyActions, why_not_rotate
from cvgorod_hub.api.keys.admin.forms import ApiKeyForm
from cvgorod_hub.api.keys.admin.summary import SHOWN_DAYS, chats_of, scopes_of, usage_of
from cvgorod_hub.api.keys.issuing import assign_secret
from cvgorod_hub.api.models import ApiKey
from cvgorod_hub.common.lists.csv import Column
from cvgorod_hub.common.lists.filters import ConditionFilter

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

# On the request that makes a key: its secret, until the answer is rendered.
_NEW_SECRET = "hub.new_api_key"  # noqa: S105  (the name of a place, not a secret)


class KeyStateFilter(ConditionFilter):
    """By whether a program can use it now."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, Any]]:
        return [("usable", _("usable")), ("expired", _("expired")), ("revoked", _("revoked"))]

    def conditions(self) -> dict[str, Q]:
        is_expired = Q(revoked_at=None, expires_at__lte=Now())
        return {
            "usable": Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=Now())),
            "expired": is_expired,
            "revoked": Q(revoked_at__isnull=False),
        }


@admin.register(ApiKey)
class ApiKeyAdmin(KeyActions):
    form = ApiKeyForm
    list_display = ("name", "scope_names", "begins_with", "state", "expires_at", "last_use", "created_by")
    list_select_related = ("created_by",)
    list_empty = _(
        "A program asks the API with a key. Make one for each program, with as little as it needs."
    )
    list_filter = (KeyStateFilter,)
    export_columns = (
        Column(_("name"), "name"),
        Column(_("may"), lambda key: ", ".join(key.scopes)),
        Column(_("begins with"), "beginning"),
        Column(_("expires"), "expires_at"),
        Column(_("revoked"), "revoked_at"),
        Column(_("last used"), "last_use"),
        Column(_("created"), "created_at"),
        Column(_("created by"), "created_by"),
    )
    search_fields = ("name", "lookup")
    fields = ("name", "scopes", "chat_ids", "calls_per_minute", "expires_at")
    change_form_outer_before_template = "api/key_top.html"

    @display(description=_("may"))
    def scope_names(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @display(description=_("begins with"))
    def begins_with(self, key: ApiKey) -> str:
        return key.beginning

    @display(description=_("last used"), ordering="last_used_at")
    def last_use(self, key: ApiKey) -> "datetime | None":
        return key.last_use

    @display(description=_("state"), label={"usable": "success", "expired": "warning", "revoked": "danger"})
    def state(self, key: ApiKey) -> "tuple[str, StrOrPromise]":
        if key.revoked_at is not None:
            return "revoked", _("revoked")
        return ("usable", _("usable")) if key.is_usable else ("expired", _("expired"))

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        """Programs are known by their name: a repeated proposal is recognised by it."""
        return () if obj is None else ("name",)

    def get_form(
        self, request: HttpRequest, obj: ApiKey | None = None, change: bool = False, **kwargs: Any
    ) -> type[ApiKeyForm]:
        form: type[ApiKeyForm] = super().get_form(request, obj, change, **kwargs)
        form.user = request.user  # a class of this request alone
        return form

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        *args: Any,
        obj: ApiKey | None = None,
        **kwargs: Any,
    ) -> HttpResponse:
        # After a new key comes its secret, and nothing else.
        context |= {"show_save_and_add_another": False, "show_save_and_continue": obj is not None}
        if obj is not None:
            context |= {
                "state": self.state(obj)[0],
                "scopes": scopes_of(obj),
                "chats": chats_of(obj),
                "use": usage_of(obj),
                "shown_days": SHOWN_DAYS,
                "may_rotate": self.has_change_permission(request, obj)
                and not why_not_rotate(obj, request.user),
                "may_revoke": obj.revoked_at is None and self.has_revoke_permission(request),
            }
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: ApiKeyForm, change: bool) -> None:
        if change:
            # What others do at this moment stays: a revocation, a new secret.
            obj.save(update_fields=[name for name in form.changed_data if name in self.fields])
            return
        request.META[_NEW_SECRET] = assign_secret(obj)
        obj.created_by_id = request.user.pk
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        """No redirect: the secret goes into this answer and nowhere else."""
        return self.show_secret(request, obj, request.META.pop(_NEW_SECRET))

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """The log of decisions names keys, so a key is revoked and stays."""
        return False
