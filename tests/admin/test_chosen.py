"""What is chosen in a searched field stands in the page so that, saved as it came, nothing changes."""

import re

import pytest
from django.forms import Field

from cvgorod_hub.api.chat_choice import ChatsField
from cvgorod_hub.staff.people import StaffAccountForm
from tests.factories import ChatFactory, PersonFactory

pytestmark = pytest.mark.django_db


def saved_as_it_came(field: Field, value: object) -> object:
    """What the field makes of the values that its page would send back."""
    page = field.widget.render("field", value)
    sent = re.findall(r'<option value="([^"]*)" selected', page)
    return field.clean(sent if field.widget.allow_multiple_selected else sent[0])


def test_the_chats_of_a_key_stay() -> None:
    chat = ChatFactory()

    assert saved_as_it_came(ChatsField(), [str(chat.pk)]) == [chat.pk]


def test_the_person_of_an_account_stays() -> None:
    person = PersonFactory()

    assert saved_as_it_came(StaffAccountForm.base_fields["telegram_person"], person.pk) == person
