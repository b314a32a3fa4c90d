"""A webhook as a person makes it: its address is looked up and judged before it is saved."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from cvgorod_hub.api.chat_choice import ChatsField, ChatsForm
from cvgorod_hub.api.hooks.addresses import resolve
from cvgorod_hub.api.hooks.events import Event
from cvgorod_hub.api.hooks.models import WebhookEndpoint
from cvgorod_hub.api.hooks.troubles import HookError
from cvgorod_hub.api.models import Scope

# In words, and by the name that the agent sees.
EVENTS = [(event.value, format_lazy("{} ({})", event.label, event.value)) for event in Event]


class WebhookEndpointForm(ChatsForm):
    events = forms.MultipleChoiceField(
        label=_("What to tell"), choices=EVENTS, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    chat_ids = ChatsField(
        label=_("Only these chats"),
        required=False,
        help_text=_("It hears of these chats only; none chosen: all chats."),
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

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        key, events = cleaned.get("key"), cleaned.get("events", [])
        if key is not None and Event.MESSAGE_NEW in events and not key.allows(Scope.READ):
            self.add_error("key", _("This key may not read messages, so it hears of none."))
        return cleaned
