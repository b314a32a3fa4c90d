"""getUpdates: waiting, confirming, who may ask; and what kinds of updates people make."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiogram import Bot
from aiogram.types import Update

from bots.simulator import Person, SimulatedTelegram
from bots.simulator.state import time_based_id
from tests.bots.simulator_client import call, update_ids, with_aiogram

GROUP = -1_001_234_567_890


@pytest.fixture
def telegram() -> Iterator[SimulatedTelegram]:
    with SimulatedTelegram(first_update_id=100, first_message_id=1) as simulated:
        yield simulated


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as threads:
        yield threads


def queue(telegram: SimulatedTelegram, count: int) -> None:
    for number in range(count):
        telegram.client_writes(GROUP, f"Сообщение {number}")


def test_updates_stay_until_they_are_confirmed(telegram: SimulatedTelegram) -> None:
    queue(telegram, 2)
    assert update_ids(telegram) == [100, 101]
    assert update_ids(telegram, offset=0) == [100, 101]


def test_an_offset_confirms_when_its_request_arrives(telegram: SimulatedTelegram) -> None:
    queue(telegram, 3)
    assert update_ids(telegram, offset=102) == [102]
    assert update_ids(telegram) == [102]


def test_a_negative_offset_keeps_only_the_last(telegram: SimulatedTelegram) -> None:
    queue(telegram, 5)
    assert update_ids(telegram, offset=-2) == [103, 104]
    assert len(telegram.waiting_updates) == 2


def test_an_offset_far_ahead_is_not_believed(telegram: SimulatedTelegram) -> None:
    queue(telegram, 2)
    assert update_ids(telegram, offset=102 + 11) == [100, 101]
    assert update_ids(telegram, offset=102 + 10) == []


@pytest.mark.parametrize(("limit", "given"), [(1, 1), (0, 1), (7, 7), (100, 100), (5000, 100)])
def test_limit_is_between_1_and_100(telegram: SimulatedTelegram, limit: int, given: int) -> None:
    queue(telegram, 130)
    assert len(update_ids(telegram, limit=limit)) == given


def test_a_poll_waits_its_timeout_and_comes_back_empty(telegram: SimulatedTelegram) -> None:
    started = time.monotonic()
    assert update_ids(telegram, timeout=1) == []
    assert time.monotonic() - started >= 1


def test_a_poll_wakes_as_soon_as_something_happens(
    telegram: SimulatedTelegram, pool: ThreadPoolExecutor
) -> None:
    waiting = pool.submit(update_ids, telegram, timeout=50)
    telegram.wait_for(lambda: telegram.is_polled)
    queue(telegram, 1)
    assert waiting.result(timeout=5) == [100]


def test_the_older_of_two_polls_is_told_of_a_conflict(
    telegram: SimulatedTelegram, pool: ThreadPoolExecutor
) -> None:
    older = pool.submit(call, telegram, "getUpdates", timeout=50)
    telegram.wait_for(lambda: telegram.is_polled)
    newer = pool.submit(update_ids, telegram, timeout=50)
    refused = older.result(timeout=5)
    assert refused.status_code == 409
    assert refused.json() == {
        "ok": False,
        "error_code": 409,
        "description": "Conflict: terminated by other getUpdates request; "
        "make sure that only one bot instance is running",
    }
    queue(telegram, 1)
    assert newer.result(timeout=5) == [100]


def test_polling_is_a_conflict_while_a_webhook_is_set(telegram: SimulatedTelegram) -> None:
    assert call(telegram, "setWebhook", url="https://hub.test/telegram").status_code == 200
    refused = call(telegram, "getUpdates")
    assert refused.status_code == 409
    assert "webhook is active" in refused.json()["description"]
    call(telegram, "deleteWebhook")
    assert call(telegram, "getUpdates").status_code == 200


def test_setting_a_webhook_ends_the_poll_that_waits(
    telegram: SimulatedTelegram, pool: ThreadPoolExecutor
) -> None:
    waiting = pool.submit(call, telegram, "getUpdates", timeout=50)
    telegram.wait_for(lambda: telegram.is_polled)
    call(telegram, "setWebhook", url="https://hub.test/telegram")
    assert waiting.result(timeout=5).status_code == 409


def test_telegram_counts_what_waits_and_may_drop_it(telegram: SimulatedTelegram) -> None:
    queue(telegram, 3)
    assert call(telegram, "getWebhookInfo").json()["result"]["pending_update_count"] == 3
    call(telegram, "deleteWebhook", drop_pending_updates="true")
    assert telegram.waiting_updates == []


def test_kinds_the_bot_did_not_ask_for_do_not_come(telegram: SimulatedTelegram) -> None:
    call(telegram, "getUpdates", allowed_updates='["message"]')
    written = telegram.client_writes(GROUP, "Есть розы?")
    telegram.edits(GROUP, written["message"]["message_id"], "Есть розы сегодня?")
    assert update_ids(telegram) == [written["update_id"]]


def test_any_payload_is_handed_over_as_it_is(telegram: SimulatedTelegram) -> None:
    assert telegram.add_update({"something_new": {"x": 1}}) == 100
    assert telegram.add_update({"update_id": 500, "message": "broken"}) == 500
    telegram.add_update("no object at all")
    assert call(telegram, "getUpdates").json()["result"] == [
        {"update_id": 100, "something_new": {"x": 1}},
        {"update_id": 500, "message": "broken"},
        "no object at all",
    ]


def test_a_later_edit_does_not_change_an_update_that_waits(telegram: SimulatedTelegram) -> None:
    written = telegram.client_writes(GROUP, "Нужно 10 пачек")
    telegram.edits(GROUP, written["message"]["message_id"], "Нужно 20 пачек")
    first, second = call(telegram, "getUpdates").json()["result"]
    assert first["message"]["text"] == "Нужно 10 пачек"
    assert second["edited_message"]["text"] == "Нужно 20 пачек"
    assert second["edited_message"]["edit_date"] >= first["message"]["date"]


def test_aiogram_reads_every_kind_of_update(telegram: SimulatedTelegram) -> None:
    colleague = Person(id=77, first_name="Тест", username="test_colleague")
    first = telegram.client_writes(GROUP, "Есть розы?")["message"]["message_id"]
    telegram.client_writes(GROUP, "Да", user=colleague, reply_to=first)
    telegram.edits(GROUP, first, "Есть розы и тюльпаны?")
    telegram.sends_photo(GROUP, "Вот такие")
    telegram.sends_voice(GROUP, seconds=2)
    telegram.sends_sticker(GROUP)
    telegram.client_writes(42, "Лично")
    telegram.add_chat(-100_999, "Новости", chat_type="channel")
    telegram.client_writes(-100_999, "Новая поставка")
    telegram.presses_button(GROUP, first, "approve:1", user=colleague)
    telegram.upgrades_group(-5, -1_000_000_000_005)
    telegram.kicks_bot(GROUP)

    async def read(bot: Bot) -> list[Update]:
        return await bot.get_updates()

    updates = with_aiogram(telegram, read)
    assert [update.event_type for update in updates] == [
        "message",
        "message",
        "edited_message",
        "message",
        "message",
        "message",
        "message",
        "channel_post",
        "callback_query",
        "message",
        "message",
        "my_chat_member",
    ]
    for raw in telegram.waiting_updates:
        assert Update.model_validate(raw).update_id == raw["update_id"]


def test_a_restarted_simulator_goes_on_above_its_old_ids() -> None:
    with SimulatedTelegram() as first:
        earlier = first.client_writes(GROUP, "До перерыва")
    assert earlier["update_id"] <= time_based_id()
    assert earlier["message"]["message_id"] <= time_based_id()


def test_stopping_keeps_what_telegram_knows(telegram: SimulatedTelegram) -> None:
    queue(telegram, 1)
    address = telegram.url
    telegram.stop()
    queue(telegram, 1)
    telegram.start()
    assert telegram.url == address
    assert update_ids(telegram) == [100, 101]
