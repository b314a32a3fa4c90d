"""Choosing the person in Telegram on the page of a staff account."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, JsonResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.forms import UserChangeForm
from unfold.widgets import UnfoldAdminAutocompleteWidget

from clients.linking import find_people
from clients.models import TelegramUser

# One page of the search.
PEOPLE_AT_ONCE = 20
_LONGEST_WORDS = 100


class PersonWidget(UnfoldAdminAutocompleteWidget):  # type: ignore[misc]  # unfold carries no types
    """Shows who is chosen; the others are searched for on the server, however many there are."""

    # Unfold's own writes "True" for the value of what is selected, and leaves out the empty choice.
    option_template_name = "django/forms/widgets/select_option.html"

    def __init__(self) -> None:
        super().__init__(
            attrs={"data-ajax--url": reverse_lazy("admin:auth_user_people"), "style": "width: 100%"}
        )
        # Unfold empties these two; without the first, an empty choice could not be made again.
        self.attrs |= {"data-allow-clear": "true", "data-placeholder": gettext_lazy("Nobody yet")}

    def optgroups(
        self, name: str, value: Sequence[str], attrs: dict[str, Any] | None = None
    ) -> list[tuple[str | None, list[dict[str, Any]], int | None]]:
        """Only who is chosen stands in the page, after the empty choice."""
        chosen = TelegramUser.objects.filter(pk__in=[each for each in value if str(each).isdecimal()])
        self.choices = [
            ("", ""),
            *((person.pk, described(person)) for person in chosen.select_related("role")),
        ]
        return cast("list[Any]", super().optgroups(name, value, attrs))


class StaffAccountForm(UserChangeForm):  # type: ignore[misc]  # unfold carries no types
    """An account, with the person in Telegram who it is."""

    telegram_person = forms.ModelChoiceField(
        queryset=TelegramUser.objects.filter(role__is_bot=False),
        required=False,
        widget=PersonWidget,
        label=gettext_lazy("Person in Telegram"),
        help_text=gettext_lazy(
            "Approves and rejects replies by the buttons in the review chat, with the rights of this account."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "telegram_person" in self.fields:  # not where somebody may only look
            self.initial["telegram_person"] = getattr(self.instance, "telegram_user", None)

    def clean_telegram_person(self) -> TelegramUser | None:
        person: TelegramUser | None = self.cleaned_data["telegram_person"]
        if person is not None and person.staff_account not in {None, self.instance}:
            raise ValidationError(taken_words(person.staff_account))
        return person


def taken_words(account: User | None) -> str:
    return _("This person is linked to the account %(account)s. Unlink there first.") % {"account": account}


def described(person: TelegramUser) -> str:
    """How one tells people with the same name apart."""
    name = person.display_name
    nick = f"@{person.username}" if person.username and name != f"@{person.username}" else ""
    return " · ".join(filter(None, [name, nick, person.role.display_name]))


def search_people(request: HttpRequest) -> JsonResponse:
    """What Select2 asks for: `term`, `page`. People of other accounts are shown and cannot be chosen."""
    number = request.GET.get("page", "1")
    page = int(number) if number.isdecimal() and number.isascii() and len(number) < 5 else 1
    words = request.GET.get("term", "")[:_LONGEST_WORDS].replace("\x00", "")
    skip = (max(page, 1) - 1) * PEOPLE_AT_ONCE
    found = list(find_people(words, skip=skip, limit=PEOPLE_AT_ONCE + 1))
    results = [_result(person) for person in found[:PEOPLE_AT_ONCE]]
    return JsonResponse({"results": results, "pagination": {"more": len(found) > PEOPLE_AT_ONCE}})


def _result(person: TelegramUser) -> dict[str, str | bool]:
    text = described(person)
    if person.staff_account is None:
        return {"id": str(person.pk), "text": text}
    taken = _("linked to %(account)s") % {"account": person.staff_account}
    return {"id": str(person.pk), "text": f"{text} · {taken}", "disabled": True}
