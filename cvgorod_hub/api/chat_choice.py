"""Choosing chats in a form, for keys and webhooks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, JsonResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminMultipleAutocompleteWidget

from cvgorod_hub.api.chats import directory, spread_over_moves
from cvgorod_hub.api.filters import BIGINT

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Any]
else:
    ModelForm = forms.ModelForm  # not generic while it runs

# One page of the search for chats.
CHATS_AT_ONCE = 30


class ChatsWidget(UnfoldAdminMultipleAutocompleteWidget):
    """Shows the chosen chats; the others are searched for on the server, however many there are."""

    # Unfold's own writes "True" for the value of what is selected: a page saved as it came would be refused.
    option_template_name = "django/forms/widgets/select_option.html"

    def __init__(self) -> None:
        super().__init__(
            attrs={
                "data-ajax--url": reverse_lazy("admin:api_apikey_chats"),
                "style": "width: 100%",
            }
        )
        self.attrs["data-placeholder"] = gettext_lazy("All chats")  # Unfold empties it

    @property
    def media(self) -> forms.Media:
        return cast("forms.Media", super().media) + forms.Media(css={"all": ["api/chats.css"]})

    def optgroups(
        self, name: str, value: Sequence[str], attrs: dict[str, Any] | None = None
    ) -> list[tuple[str | None, list[dict[str, Any]], int | None]]:
        """Only what is chosen stands in the page."""
        ids = [int(each) for each in value if _is_chat_id(each)]
        names = directory().names(ids)
        self.choices = [(str(each), names.get(each, str(each))) for each in ids]
        return cast("list[Any]", super().optgroups(name, value, attrs))


class ChatsField(forms.TypedMultipleChoiceField):
    """Ids of chats. One that the hub has not seen (yet) is refused, unless it was chosen before."""

    def __init__(self, **options: Any) -> None:
        super().__init__(coerce=int, empty_value=[], widget=ChatsWidget, **options)
        self.known: frozenset[int] = frozenset()

    def validate(self, value: list[str]) -> None:
        ids = {int(each) for each in value if _is_chat_id(each)}
        if len(ids) < len(set(value)) or ids - self.known - directory().names(ids).keys():
            raise ValidationError(_("There is no such chat here."), code="invalid_choice")

    def valid_value(self, value: str) -> bool:
        return _is_chat_id(value)  # `validate` asked which there are

    def clean(self, value: Any) -> list[int]:  # noqa: ANN401  (as its base says)
        return spread_over_moves(super().clean(value))


class ChatsForm(ModelForm):
    """A form with a ChatsField named `chat_ids`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "chat_ids" in self.fields:  # none are where somebody may only look
            cast("ChatsField", self.fields["chat_ids"]).known = frozenset(self.instance.chat_ids)


def search_chats(request: HttpRequest) -> JsonResponse:
    """What Select2 asks for: `term`, `page`."""
    number = request.GET.get("page", "1")
    skip = (int(number) - 1) * CHATS_AT_ONCE if number.isdecimal() and 0 < len(number) < 6 else 0
    words = request.GET.get("term", "")[:100].replace("\x00", "")
    found = directory().search(words, skip=max(skip, 0), limit=CHATS_AT_ONCE + 1)
    results = [{"id": str(chat_id), "text": name} for chat_id, name in found[:CHATS_AT_ONCE]]
    return JsonResponse({"results": results, "pagination": {"more": len(found) > CHATS_AT_ONCE}})


def _is_chat_id(text: str) -> bool:
    return text.removeprefix("-").isdecimal() and text.isascii() and -BIGINT <= int(text[:20]) < BIGINT
