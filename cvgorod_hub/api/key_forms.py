"""The form of an API key, and the chats to choose from."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminMultipleAutocompleteWidget

from cvgorod_hub.api.chats import directory
from cvgorod_hub.api.filters import BIGINT
from cvgorod_hub.api.keys import spread_over_moves
from cvgorod_hub.api.models import DECIDING_SCOPES, REVIEW_PERMISSION, ApiKey, Scope

if TYPE_CHECKING:
    from datetime import datetime

    ModelForm = forms.ModelForm[ApiKey]
else:
    ModelForm = forms.ModelForm  # not generic while it runs

# What a new key's form suggests: an agent that looks every second, and has as much to spare.
USUAL_CALLS_PER_MINUTE = 120


class ChatsWidget(UnfoldAdminMultipleAutocompleteWidget):
    """Shows the chosen chats; the others are searched for on the server, however many there are."""

    def __init__(self) -> None:
        super().__init__(
            attrs={
                "data-ajax--url": reverse_lazy("admin:api_apikey_chats"),
                "style": "width: 100%",
            }
        )
        self.attrs["data-placeholder"] = gettext_lazy("All chats")  # Unfold empties it

    def optgroups(
        self, name: str, value: Sequence[str], attrs: dict[str, Any] | None = None
    ) -> list[tuple[str | None, list[dict[str, Any]], int | None]]:
        """Only what is chosen stands in the page."""
        ids = [int(each) for each in value if _is_chat_id(each)]
        names = directory().names(ids)
        self.choices = [(str(each), names.get(each, str(each))) for each in ids]
        return cast("list[Any]", super().optgroups(name, value, attrs))


class ChatsField(forms.TypedMultipleChoiceField):
    """Ids of chats. One that the hub has not seen (yet) is refused, unless the key had it before."""

    def __init__(self, **options: Any) -> None:
        super().__init__(coerce=int, empty_value=[], widget=ChatsWidget, **options)
        self.known: frozenset[int] = frozenset()

    def validate(self, value: list[str]) -> None:
        ids = {int(each) for each in value if _is_chat_id(each)}
        if len(ids) < len(set(value)) or ids - self.known - directory().names(ids).keys():
            raise ValidationError(_("There is no such chat here."), code="invalid_choice")

    def valid_value(self, value: str) -> bool:
        return _is_chat_id(value)  # `validate` asked which there are


class ApiKeyForm(ModelForm):
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
        if "chat_ids" in self.fields:  # none are where somebody may only look
            cast("ChatsField", self.fields["chat_ids"]).known = frozenset(self.instance.chat_ids)
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

    def clean_chat_ids(self) -> list[int]:
        return spread_over_moves(self.cleaned_data["chat_ids"])

    def clean_expires_at(self) -> "datetime | None":
        moment: datetime | None = self.cleaned_data["expires_at"]
        if moment is not None and "expires_at" in self.changed_data and moment <= timezone.now():
            raise ValidationError(_("That time has passed: the key would not work at all."), code="passed")
        return moment


def may_hand_out_decisions(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Nobody hands out more than they may do themselves."""
    return isinstance(user, User) and user.has_perm(REVIEW_PERMISSION)


def _is_chat_id(text: str) -> bool:
    return text.removeprefix("-").isdecimal() and text.isascii() and -BIGINT <= int(text[:20]) < BIGINT
