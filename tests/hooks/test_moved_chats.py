"""A group becomes a supergroup: a webhook that hears of it goes on hearing, under the new id."""

from collections.abc import Callable

import pytest

from cvgorod_hub.api.hooks.events import Event
from cvgorod_hub.api.hooks.followers import heard_chats
from cvgorod_hub.api.hooks.forms import WebhookEndpointForm
from cvgorod_hub.api.hooks.models import WebhookEndpoint
from messaging.chats import follow_migration
from messaging.models import Chat

OLD, NEW, OTHER = -11, -1_000_000_000_011, -12

pytestmark = pytest.mark.django_db


def hears(event: Event, chat_id: int) -> list[str]:
    return [each.name for each in WebhookEndpoint.objects.hearing_of(event, chat_id=chat_id, key_id=None)]


def test_a_webhook_of_some_chats_follows_them(make_endpoint: Callable[..., WebhookEndpoint]) -> None:
    narrow, wide = make_endpoint(name="narrow", chat_ids=[OLD]), make_endpoint(name="wide")
    elsewhere = make_endpoint(name="elsewhere", chat_ids=[OTHER])

    for _ in range(2):  # the second time changes nothing
        follow_migration(old_id=OLD, new_id=NEW)

    for endpoint in (narrow, wide, elsewhere):
        endpoint.refresh_from_db()
    assert [each.chat_ids for each in (narrow, wide, elsewhere)] == [[OLD, NEW], [], [OTHER]]
    assert heard_chats(narrow) == {OLD, NEW}
    assert sorted(hears(Event.DRAFT_SENT, NEW)) == sorted(hears(Event.DRAFT_SENT, OLD)) == ["narrow", "wide"]


def test_a_list_typed_after_the_move_holds_both() -> None:
    follow_migration(old_id=OLD, new_id=NEW)
    assert Chat.objects.get(pk=OLD).migrated_to_id == NEW
    typed = {"name": "agent", "url": "https://127.0.0.1:8443/", "events": ["draft.sent"]}

    for chat_id in (OLD, NEW):
        form = WebhookEndpointForm({**typed, "chat_ids": [str(chat_id)], "is_active": "on"})

        assert form.is_valid(), form.errors
        assert set(form.cleaned_data["chat_ids"]) == {OLD, NEW}


def test_an_empty_list_stays_all_chats() -> None:
    typed = {"name": "agent", "url": "https://127.0.0.1:8443/", "events": ["draft.sent"], "chat_ids": []}

    form = WebhookEndpointForm(typed)

    assert form.is_valid(), form.errors
    assert form.cleaned_data["chat_ids"] == []
