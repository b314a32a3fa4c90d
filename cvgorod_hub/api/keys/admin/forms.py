"""The form of an API key."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from cvgorod_hub.api.chat_choice import ChatsField, ChatsForm
from cvgorod_hub.api.models import DECIDING_SCOPES, REVIEW_PERMISSION, ApiKey, Scope

if TYPE_CHECKING:
    from datetime import datetime


# What a new key's form suggests: an agent that looks every second, and has as much to spare.
USUAL_CALLS_PER_MINUTE = 120


class ApiKeyForm(ChatsForm):
    user: AbstractBaseUser | AnonymousUser  # set by the admin, for each request

    scopes = forms.MultipleChoiceField(
        label=capfirst(gettext_lazy("may")),
        choices=Scope.choices,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    chat_ids = ChatsField(
        label=capfirst(gettext_lazy("chats")),
        required=False,
        help_text=ApiKey._meta.get_field("chat_ids").help_text,  # noqa: SLF001  (Django's documented name)
    )

    class Meta:
        model = ApiKey
        fields = ("name", "scopes", "chat_ids", "calls_per_minute", "expires_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk and "calls_per_minute" in self.fields:
            self.fields["calls_per_minute"].initial = USUAL_CALLS_PER_MINUTE

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        return name.strip()

    def clean_scopes(self) -> list[str]:
        scopes: list[str] = self.cleaned_data["scopes"]
        if not DECIDING_SCOPES.isdisjoint(scopes) and not may_hand_out_decisions(self.user):
            raise ValidationError(
                _("Only somebody who may approve replies can make a key that approves them."), code="scopes"
            )
        return scopes

    def clean_expires_at(self) -> "datetime | None":
        moment: datetime | None = self.cleaned_data["expires_at"]
        if moment is not None and "expires_at" in self.changed_data and moment <= timezone.now():
            raise ValidationError(_("That time has passed: the key would not work at all."), code="passed")
        return moment


def may_hand_out_decisions(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Nobody hands out more than they may do themselves."""
    return isinstance(user, User) and user.has_perm(REVIEW_PERMISSION)
