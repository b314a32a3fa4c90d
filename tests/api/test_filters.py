"""Filters become one statement for all values of the free ones, and one for each value of the fixed ones."""

import pytest
from django.http import QueryDict
from rest_framework.exceptions import ValidationError

from cvgorod_hub.api.keys import create_key
from cvgorod_hub.api.pagination import page_statement
from cvgorod_hub.common.statements import compile_values
from messaging.filters import MessageFilterSet
from messaging.models import Message
from tests.api.conftest import Caller
from tests.factories import ChatFactory, MessageFactory

FREE = {"chat_id", "days", "reply_to", "search", "since", "until", "user_id"}


def test_which_filters_are_free() -> None:
    """A fixed one has few values; a free one that became fixed would make a statement for each call."""
    filters = MessageFilterSet.base_filters

    assert {name for name, each in filters.items() if each.output_field is not None} == FREE


@pytest.mark.django_db
def test_the_shape_knows_the_fixed_values_and_the_free_names() -> None:
    values = MessageFilterSet.read(QueryDict("chat_id=-5&message_type=voice&urgent=1&cursor=x"))

    assert values == {"chat_id": -5, "message_type": "voice", "urgent": True}
    assert MessageFilterSet.shape(values) == (
        ("chat_id", None),
        ("message_type", "voice"),
        ("urgent", True),
    )


@pytest.mark.django_db
def test_a_shape_narrows_by_values_that_come_later() -> None:
    chats = ChatFactory.create_batch(2)
    voices = [MessageFactory.create(chat=chat, message_type="voice") for chat in chats]
    MessageFactory.create(chat=chats[0])
    shape = dict(MessageFilterSet.shape({"chat_id": 1, "message_type": "voice"}))

    narrowed = MessageFilterSet.narrow(Message.objects.all(), shape)
    statement = compile_values(narrowed.values_list("pk"))

    assert statement.names == ("chat_id",)
    assert [statement.rows({"chat_id": chat.pk}) for chat in chats] == [[(voice.pk,)] for voice in voices]


@pytest.mark.django_db
def test_whatever_cannot_be_read_is_named_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        MessageFilterSet.read(QueryDict("chat_id=roses&since=then&urgent=perhaps&message_type=smell&days=2"))

    assert set(caught.value.detail) == {"chat_id", "since", "urgent", "message_type"}


@pytest.mark.django_db
def test_calls_with_other_free_values_compile_nothing() -> None:
    page_statement.cache_clear()
    reader = Caller(create_key(name="reader", scopes=["read"])[1])

    for chat_id in (-1, -2, -3):
        assert reader.get("messages", chat_id=chat_id, limit=7).status_code == 200
    assert page_statement.cache_info().currsize == 1

    reader.get("messages", chat_id=-1, limit=7, urgent="true")
    assert page_statement.cache_info().currsize == 2
