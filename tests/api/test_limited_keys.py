"""For a key with a list of chats the others do not exist: nothing that happens there changes any answer.

Each route is called by such a key before and after something is said, proposed and analysed in a chat that is
not on its list; the answers must be the same, to the byte. A key without a list must notice, or the calls
would prove nothing.
"""

import json
import re
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from clients.models import TelegramUser
from cvgorod_hub.api.keys import create_key
from cvgorod_hub.api.models import ApiKey
from cvgorod_hub.api_urls import router
from messaging.chats import follow_migration
from messaging.models import Chat, Message
from sandbox.models import PendingResponse
from tests.api.conftest import Caller
from tests.api.test_feed import settle
from tests.common.test_prepared import prepared
from tests.factories import AnalysisFactory, ChatFactory, MessageFactory, PersonFactory, ResponseFactory
from tests.marks import committed

SCOPES = ["read", "propose", "review"]
MOVED, SEEN, HIDDEN = -11, -1_000_000_000_012, -1_000_000_000_013
REGULAR, STRANGER = 501, 502
QUESTION, SECRET = 9_000_001, 9_000_002
DRAFT, HIDDEN_DRAFT, UNKNOWN_DRAFT = 8_000_001, 8_000_002, 8_000_003
BATCH, HIDDEN_BATCH, SPLIT_BATCH = (str(uuid.UUID(int=number)) for number in (1, 2, 3))
SINCE = "2020-01-01T00:00:00Z"

Call = tuple[str, str, dict[str, Any]]


def get(path: str, **parameters: object) -> Call:
    return "get", path, parameters


def post(path: str, **body: object) -> Call:
    return "post", path, body


# By the route's name: what is called. Together they name every chat, person, message and reply, seen or not.
READING: dict[str, list[Call]] = {
    "messages-list": [
        get("messages"),
        get("messages", limit=1),
        get("messages", search="роза"),
        get("messages", search="роза", ordering="rank", highlight="1", limit=1),
        get("messages", search="тюльпан", highlight="1"),
        get("messages", search="тюльпат"),
        get("messages", chat_id=HIDDEN),
        get("messages", chat_id=MOVED),
        get("messages", user_id=REGULAR),
        get("messages", user_id=STRANGER),
        get("messages", reply_to=7),
        get("messages", reply_to=7, chat_id=HIDDEN),
        get("messages", urgent="true"),
        get("messages", has_intent="true", clients_only="true", exclude_automatic="true"),
        get("messages", has_intent="false"),
        get("messages", since=SINCE, message_type="text"),
        get("messages", after=""),
        get("messages", after="", search="роза"),
        get("messages", after="", chat_id=HIDDEN),
    ],
    "messages-detail": [get(f"messages/{QUESTION}"), get(f"messages/{SECRET}")],
    "messages-context": [get(f"messages/{QUESTION}/context"), get(f"messages/{SECRET}/context")],
    "messages-total": [get("messages/stats/total"), get("messages/stats/total", since=SINCE)],
    "messages-by-role": [get("messages/stats/by-role"), get("messages/stats/by-role", since=SINCE)],
    "client-messages-list": [
        get(f"clients/{REGULAR}/messages"),
        get(f"clients/{REGULAR}/messages", search="роза", ordering="rank"),
        get(f"clients/{STRANGER}/messages"),
        get(f"clients/{STRANGER}/messages", search="тюльпан"),
    ],
    "clients-list": [
        get("clients"),
        get("clients", ordering="active"),
        get("clients", ordering="active", limit=1),
        get("clients", limit=1),
        get("clients", search="чужой"),
        get("clients", include_staff="true"),
    ],
    "clients-detail": [get(f"clients/{REGULAR}"), get(f"clients/{STRANGER}")],
    "active-clients-list": [get("clients/stats/active", days=30)],
    "chats-list": [
        get("chats"),
        get("chats", ordering="active"),
        get("chats", search="тайный"),
        get("chats", waiting="true", is_active="true"),
    ],
    "chats-detail": [get(f"chats/{SEEN}"), get(f"chats/{MOVED}"), get(f"chats/{HIDDEN}")],
    "chat-participants-list": [get(f"chats/{chat}/participants") for chat in (SEEN, MOVED, HIDDEN)],
    "intents-list": [get("intents", days=30)],
    "intents-daily": [get("intents/daily", days=30)],
    "intents-urgent": [get("intents/urgent"), get("intents/urgent", limit=1)],
    "unanswered-list": [get("analytics/unanswered", hours=48)],
    "sandbox-pending-list": [get("sandbox/pending"), get("sandbox/pending", limit=1)],
    "sandbox-detail": [get(f"sandbox/{DRAFT}"), get(f"sandbox/{HIDDEN_DRAFT}")],
    "send-batch-detail": [get(f"send/batch/{batch}") for batch in (BATCH, HIDDEN_BATCH, SPLIT_BATCH)],
}
WRITING: dict[str, list[Call]] = {
    "send-list": [post("send", chat_id=HIDDEN, text="Да")],
    "send-batch": [
        post("send/batch", messages=[{"chat_id": SEEN, "text": "Да"}, {"chat_id": HIDDEN, "text": "Да"}])
    ],
    "send-batch-cancel": [post(f"send/batch/{HIDDEN_BATCH}/cancel")],
    "sandbox-approve": [post(f"sandbox/{HIDDEN_DRAFT}/approve")],
    "sandbox-reject": [post(f"sandbox/{HIDDEN_DRAFT}/reject")],
    "sandbox-cancel": [post(f"sandbox/{HIDDEN_DRAFT}/cancel")],
    "sandbox-retry": [post(f"sandbox/{UNKNOWN_DRAFT}/retry")],
    "sandbox-mark-sent": [post(f"sandbox/{UNKNOWN_DRAFT}/mark-sent")],
}
# `urgent_messages` takes no list of chats yet.


def minutes_ago(count: int) -> datetime:
    return timezone.now().replace(microsecond=0) - timedelta(minutes=count)


@pytest.fixture
def seen(db: None) -> None:
    """A group that became a supergroup, which is the chat on the list."""
    old, new = (ChatFactory(id=pk, name="Ромашка", created_at=minutes_ago(90)) for pk in (MOVED, SEEN))
    regular = PersonFactory(id=REGULAR, first_seen=minutes_ago(60), last_seen=minutes_ago(50))
    MessageFactory(chat=old, user=regular, text="Почём роза?", timestamp=minutes_ago(60))
    asked = {"telegram_message_id": 8, "reply_to_message_id": 7, "timestamp": minutes_ago(50)}
    question = MessageFactory(pk=QUESTION, chat=new, user=regular, text="А роза есть?", **asked)
    AnalysisFactory(message=question, intent="question", is_urgent=True)
    follow_migration(old_id=MOVED, new_id=SEEN)
    Chat.objects.filter(pk=SEEN).update(waiting_since=minutes_ago(50), last_message_at=minutes_ago(50))
    ResponseFactory(pk=DRAFT, chat=new)
    ResponseFactory(chat=new, batch_id=BATCH)
    ResponseFactory(chat=old, batch_id=SPLIT_BATCH)


def happen_elsewhere() -> None:
    """Everything that can be known of a chat, in one that is not on the list."""
    hidden = ChatFactory(id=HIDDEN, name="Тайный сад")
    stranger = PersonFactory(id=STRANGER, first_name="Чужой", first_seen=minutes_ago(40))
    TelegramUser.objects.filter(pk=REGULAR).update(first_seen=minutes_ago(99), last_seen=minutes_ago(1))
    secret = MessageFactory(
        pk=SECRET, chat=hidden, user=stranger, text="роза и тюльпан", timestamp=minutes_ago(40),
        telegram_message_id=8, reply_to_message_id=7,
    )  # fmt: skip
    MessageFactory(chat=hidden, user_id=REGULAR, text="роза роза", timestamp=minutes_ago(1))
    MessageFactory(chat=hidden, user_id=REGULAR, text="роза", timestamp=minutes_ago(99))
    MessageFactory(chat=hidden, user=None, text="от канала", timestamp=minutes_ago(2))
    AnalysisFactory(message=secret, intent="complaint", sentiment="negative", is_urgent=True)
    Chat.objects.filter(pk=HIDDEN).update(waiting_since=minutes_ago(40), last_message_at=minutes_ago(1))
    ResponseFactory(pk=HIDDEN_DRAFT, chat=hidden, created_at=minutes_ago(200))
    ResponseFactory(pk=UNKNOWN_DRAFT, chat=hidden, status=PendingResponse.Status.UNKNOWN)
    ResponseFactory(chat=hidden, batch_id=HIDDEN_BATCH)
    ResponseFactory(chat=hidden, batch_id=SPLIT_BATCH)


def limited() -> Caller:
    return Caller(create_key(name="agent", scopes=SCOPES, chat_ids=[SEEN])[1])


def answers(caller: Caller, route: str, *, chats: list[int]) -> list[tuple[int, str]]:
    """What the agent's key is told while its list is this one."""
    ApiKey.objects.update(chat_ids=chats)
    return [answer(caller, call) for call in READING[route]]


def answer(caller: Caller, call: Call) -> tuple[int, str]:
    """Status and body, without what any call changes: how far the feed is, the moment of `days`."""
    method, path, values = call
    given = caller.get(path, **values) if method == "get" else caller.post(path, values)
    text = given.content.decode()
    return given.status_code, re.sub(r"after=[\w-]+", "after=…", text) if "after" in values else text


def test_every_route_has_an_entry() -> None:
    assert {pattern.name for pattern in router.urls} == READING.keys() | WRITING.keys()


@committed
@pytest.mark.usefixtures("seen")
@pytest.mark.parametrize("route", READING)
def test_no_answer_is_changed_by_what_happens_elsewhere(route: str) -> None:
    caller, own = limited(), [MOVED, SEEN]
    settle()
    before, everything = answers(caller, route, chats=own), answers(caller, route, chats=[])
    assert any(status == 200 for status, _text in before)

    happen_elsewhere()
    settle()

    assert answers(caller, route, chats=own) == before
    assert answers(caller, route, chats=[]) != everything


@pytest.mark.usefixtures("seen")
@pytest.mark.parametrize("route", WRITING)
def test_nothing_elsewhere_can_be_written_or_told_from_nothing(route: str) -> None:
    caller = limited()
    before = [answer(caller, call) for call in WRITING[route]]
    assert {status for status, _text in before} == {404}
    happen_elsewhere()
    replies = list(PendingResponse.objects.order_by("pk").values())

    assert [answer(caller, call) for call in WRITING[route]] == before
    assert list(PendingResponse.objects.order_by("pk").values()) == replies


@pytest.mark.usefixtures("seen")
def test_a_batch_is_taken_back_only_where_the_key_sees() -> None:
    happen_elsewhere()

    status, text = answer(limited(), post(f"send/batch/{SPLIT_BATCH}/cancel"))

    assert (status, json.loads(text)["by_status"]) == (200, {"cancelled": 1})
    rows = dict(PendingResponse.objects.filter(batch_id=SPLIT_BATCH).values_list("chat_id", "status"))
    assert rows == {MOVED: "cancelled", HIDDEN: "pending"}


@pytest.mark.usefixtures("seen")
@pytest.mark.parametrize("route", [name for name in READING if name.endswith(("-list", "-total", "-role"))])
def test_a_list_that_names_no_existing_chat_shows_nothing(route: str) -> None:
    happen_elsewhere()
    caller = Caller(create_key(name="agent", scopes=SCOPES, chat_ids=[-5])[1])

    texts = [answer(caller, call)[1] for call in READING[route]]

    assert not re.search("роза|тюльпан|Ромашка|Тайный|501|502", " ".join(texts))


def test_a_person_is_known_by_what_the_key_sees(seen: None) -> None:
    happen_elsewhere()

    _status, text = answer(limited(), get(f"clients/{REGULAR}"))

    person = json.loads(text)
    moments = [datetime.fromisoformat(person[name]) for name in ("first_seen", "last_seen")]
    said = Message.objects.filter(user=REGULAR, chat__in=[MOVED, SEEN]).order_by("timestamp")
    assert moments == list(said.values_list("timestamp", flat=True))
    assert person["messages_count"] == 2


@pytest.mark.parametrize("path", ["messages", "clients", "chats"])
def test_a_page_is_planned_for_the_very_chats(seen: None, path: str) -> None:
    """A plan that is kept for any list of them reads everybody's history for a quiet chat's few messages."""
    caller = limited()
    for _ in range(8):  # what every call asks is prepared by now
        caller.get("chats")
    before = prepared()

    for _ in range(8):
        assert caller.get(path).status_code == 200

    assert prepared().keys() == before.keys()
