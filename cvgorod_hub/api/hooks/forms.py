"""A webhook as a person makes it: its address is looked up and judged before it is saved."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.postgres.forms import SimpleArrayField
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from cvgorod_hub.api.hooks.addresses import resolve
from cvgorod_hub.api.hooks.events import Event
from cvgorod_hub.api.hooks.models import WebhookEndpoint
from cvgorod_hub.api.hooks.troubles import HookError
from cvgorod_hub.api.keys import spread_over_moves

# In words, and by the name that the agent sees.
EVENTS = [(event.value, format_lazy("{} ({})", event.label, event.value)) for event in Event]

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[WebhookEndpoint]
else:
    ModelForm = forms.ModelForm  # not generic while it runs


class WebhookEndpointForm(ModelForm):
    events = forms.MultipleChoiceField(
        label=_("What to tell"), choices=EVENTS, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    chat_ids = SimpleArrayField(
        forms.IntegerField(min_value=-(2**63), max_value=2**63 - 1),
        label=_("Only these chats"),
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Numbers of chats, separated by commas. Empty: all of them."),
    )

    class Meta:
        model = WebhookEndpoint
        fields = ("name", "url", "events", "key", "chat_ids", "is_active")

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        return name.strip()

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"].strip()
        try:
            resolve(url)
        except HookError as error:
            sentence = error.trouble.label
            raise ValidationError(f"{sentence} ({error.detail})" if error.detail else sentence) from None
        return url

    def clean_chat_ids(self) -> list[int]:
        return spread_over_moves(self.cleaned_data["chat_ids"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        key, events = cleaned.get("key"), cleaned.get("events", [])
        if key is not None and Event.MESSAGE_NEW in events and not key.allows("read"):
            self.add_error("key", _("This key may not read messages, so it hears of none."))
        return cleaned
