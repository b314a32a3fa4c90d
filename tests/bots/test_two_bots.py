"""Two bots of ours in the same places: a row, an offset and a lock for each, every message once."""

from typing import Any

import pytest

from bots.memberships import note_status
from bots.models import BotMembership, RawUpdate, TelegramBot
from bots.raw_updates import store_updates
from bots.updates import parse_waiting_updates
from bots.watching import note_conflict, note_poll
from clients.models import RoleName, TelegramUser
from messaging.models import Chat, Message

pytestmark = pytest.mark.django_db

FIRST, SECOND = 777000111, 777000222
GROUP = {"id": -1_001_000_000_001, "type": "supergroup", "title": "Магазин"}


@pytest.fixture(autouse=True)
def _bots() -> None:
    for number in (FIRST, SECOND):
        TelegramBot.objects.create(id=number)


def update(update_id: int, message_id: int, text: str, **fields: Any) -> dict[str, Any]:
    person = {"id": 5, "is_bot": False, "first_name": "Анна"}
    message = {"message_id": message_id, "date": 1_790_000_000, "chat": GROUP, "from": person, "text": text}
    return {"update_id": update_id, "message": message | fields}


def read_all() -> None:
    while parse_waiting_updates():
        pass


def test_a_message_that_both_see_in_a_supergroup_is_one() -> None:
    for bot_id, first_id in ((FIRST, 100), (SECOND, 100), (FIRST, 100)):
        store_updates(bot_id=bot_id, raw=[update(first_id + n, 10 + n, f"Слово {n}") for n in range(3)])
        read_all()

    texts = Message.objects.order_by("telegram_message_id").values_list("text", flat=True)
    assert list(texts) == ["Слово 0", "Слово 1", "Слово 2"]
    assert RawUpdate.objects.filter(parse_state="parsed").count() == 6


def test_both_read_at_once_and_an_edit_comes_over_either() -> None:
    store_updates(bot_id=FIRST, raw=[update(1, 10, "было")])
    store_updates(bot_id=SECOND, raw=[update(7, 10, "было")])
    edit = {
        "update_id": 8,
        "edited_message": {**update(0, 10, "стало")["message"], "edit_date": 1_790_000_060},
    }
    store_updates(bot_id=SECOND, raw=[edit])
    read_all()

    message = Message.objects.get()
    assert message.text == "стало"
    assert list(message.versions.values_list("text", flat=True)) == ["было"]


def test_each_bot_has_its_own_offset_polls_and_conflicts() -> None:
    store_updates(bot_id=FIRST, raw=[update(100, 1, "a")])
    store_updates(bot_id=SECOND, raw=[update(5, 2, "b")])
    note_poll(FIRST)
    note_conflict(SECOND)

    rows = TelegramBot.objects.order_by("pk").values_list("next_offset", "conflicts")
    assert list(rows) == [(101, 0), (6, 1)]
    assert TelegramBot.objects.get(pk=SECOND).last_poll_at is None


def test_our_other_bot_is_no_client() -> None:
    other = {"id": SECOND, "is_bot": True, "first_name": "Помощник"}
    store_updates(bot_id=FIRST, raw=[update(1, 10, "Доброе утро!", **{"from": other})])
    read_all()

    assert TelegramUser.objects.get(pk=SECOND).role.role_name != RoleName.CLIENT
    assert Chat.objects.get().waiting_since is None


def test_one_bots_place_in_a_chat_says_nothing_of_the_others() -> None:
    chat = Chat.objects.create(id=-5, chat_type="group")
    note_status(bot_id=FIRST, chat=chat, status="administrator")
    note_status(bot_id=SECOND, chat=chat, status="member")
    note_status(bot_id=FIRST, chat=chat, status="kicked")

    states = BotMembership.objects.order_by("bot").values_list("bot", "status")
    assert list(states) == [(FIRST, "kicked"), (SECOND, "member")]


def test_private_chats_of_one_person_with_both_keep_all_messages() -> None:
    """Telegram numbers a private chat for each bot anew, so the same number is two messages."""
    private = {"id": 5, "type": "private", "first_name": "Анна"}
    for bot_id, text in ((FIRST, "первому"), (SECOND, "второму")):
        store_updates(bot_id=bot_id, raw=[update(1, 10, text, chat=private)])
        read_all()

    assert set(Message.objects.values_list("text", "numbered_by")) == {
        ("первому", FIRST),
        ("второму", SECOND),
    }
