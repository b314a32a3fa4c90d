"""Scripted failures: what a caller sees, and whether the message arrived all the same."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from aiogram.exceptions import (
    ClientDecodeError,
    RestartingTelegram,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)

from bots.simulator import SimulatedTelegram
from bots.simulator.answers import (
    bad_gateway,
    delay,
    disconnect,
    garbage,
    hang,
    migrated,
    normal,
    refuse,
    server_error,
    too_many_requests,
    trickle,
)
from tests.bots.simulator_client import SECONDS, call, update_ids, with_aiogram

GROUP = -1_001_234_567_890


@pytest.fixture
def telegram() -> Iterator[SimulatedTelegram]:
    with SimulatedTelegram(first_update_id=100, first_message_id=1) as simulated:
        simulated.add_chat(GROUP, "Магазин «Пример»")
        yield simulated


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as threads:
        yield threads


def send(telegram: SimulatedTelegram) -> requests.Response:
    return call(telegram, "sendMessage", chat_id=GROUP, text="Да")


@pytest.mark.parametrize("code", [400, 401, 403])
def test_a_refusal_is_said_and_nothing_arrives(telegram: SimulatedTelegram, code: int) -> None:
    telegram.script("sendMessage", [refuse(code, "Some reason")])
    answer = send(telegram)
    assert answer.status_code == code
    assert answer.json() == {"ok": False, "error_code": code, "description": "Some reason"}
    assert telegram.sent_messages == []


def test_answers_are_used_up_in_order(telegram: SimulatedTelegram) -> None:
    telegram.script("sendMessage", [normal(), bad_gateway(), too_many_requests(3)])
    assert [send(telegram).status_code for _ in range(4)] == [200, 502, 429, 200]
    assert len(telegram.sent_messages) == 2


def test_aiogram_names_each_failure(telegram: SimulatedTelegram) -> None:
    telegram.script(
        "sendMessage",
        [too_many_requests(7), migrated(-100_5), server_error(), bad_gateway(), garbage()],
    )
    for expected in (
        TelegramRetryAfter,
        TelegramMigrateToChat,
        RestartingTelegram,
        ClientDecodeError,
        ClientDecodeError,
    ):
        with pytest.raises(expected):
            with_aiogram(telegram, lambda bot: bot.send_message(GROUP, "Да"))
    assert telegram.sent_messages == []


def test_retry_after_is_told(telegram: SimulatedTelegram) -> None:
    telegram.script("sendMessage", [too_many_requests(7)])
    assert send(telegram).json()["parameters"] == {"retry_after": 7}


@pytest.mark.parametrize("delivered", [True, False])
def test_a_disconnect_says_nothing_of_what_arrived(telegram: SimulatedTelegram, *, delivered: bool) -> None:
    telegram.script("sendMessage", [disconnect(delivered=delivered)])
    with pytest.raises(requests.ConnectionError):
        send(telegram)
    assert len(telegram.sent_messages) == int(delivered)


@pytest.mark.parametrize("delivered", [True, False])
def test_a_hang_lasts_until_the_caller_gives_up(telegram: SimulatedTelegram, *, delivered: bool) -> None:
    telegram.script("sendMessage", [hang(delivered=delivered)])
    with pytest.raises(TelegramNetworkError, match="timeout"):
        with_aiogram(telegram, lambda bot: bot.send_message(GROUP, "Да", request_timeout=1))
    assert len(telegram.sent_messages) == int(delivered)


def test_a_hang_is_released_without_an_answer(telegram: SimulatedTelegram, pool: ThreadPoolExecutor) -> None:
    telegram.script("sendMessage", [hang()])
    waiting = pool.submit(send, telegram)
    telegram.wait_for(lambda: telegram.hanging_calls)
    telegram.release()
    assert isinstance(waiting.exception(timeout=5), requests.ConnectionError)
    assert telegram.sent_messages == []


@pytest.mark.parametrize("spoiled", [server_error, bad_gateway, garbage])
def test_a_spoiled_answer_may_hide_a_delivery(telegram: SimulatedTelegram, spoiled: object) -> None:
    assert callable(spoiled)
    telegram.script("sendMessage", [spoiled(delivered=True)])
    send(telegram)
    assert [message.text for message in telegram.sent_messages] == ["Да"]


def test_a_delay_comes_before_the_answer(telegram: SimulatedTelegram) -> None:
    telegram.script("sendMessage", [delay(0.3), delay(0, refuse(400, "Later"))])
    started = time.monotonic()
    assert send(telegram).status_code == 200
    assert time.monotonic() - started >= 0.3
    assert send(telegram).status_code == 400


def test_updates_can_be_lost_on_the_way_without_being_confirmed(
    telegram: SimulatedTelegram,
) -> None:
    telegram.client_writes(GROUP, "Есть розы?")
    telegram.script("getUpdates", [disconnect(delivered=True), garbage()])
    with pytest.raises(requests.ConnectionError):
        update_ids(telegram)
    assert call(telegram, "getUpdates").text == '{"ok": tru'
    assert update_ids(telegram) == [100]


def test_a_refused_token_is_scripted_for_get_me(telegram: SimulatedTelegram) -> None:
    telegram.script("getMe", [refuse(401, "Unauthorized")])
    with pytest.raises(TelegramUnauthorizedError):
        with_aiogram(telegram, lambda bot: bot.get_me())
    assert with_aiogram(telegram, lambda bot: bot.get_me()).is_bot is True


def test_a_download_can_fail(telegram: SimulatedTelegram) -> None:
    file = telegram.add_file(b"voice", path="voice/voice.oga")
    url = f"{telegram.url}/file/bot{telegram.token}/{file.path}"
    telegram.script("download", [bad_gateway(), disconnect()])
    assert requests.get(url, timeout=SECONDS).status_code == 502
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=SECONDS)
    assert requests.get(url, timeout=SECONDS).content == b"voice"


def test_a_stopped_telegram_refuses_connections(telegram: SimulatedTelegram) -> None:
    telegram.stop()
    with pytest.raises(requests.ConnectionError):
        send(telegram)
    telegram.start()
    assert send(telegram).status_code == 200


def test_an_answer_may_come_byte_by_byte(telegram: SimulatedTelegram) -> None:
    telegram.script("getMe", [trickle(0.001), trickle(0.001, then=garbage(b"<html>", status=502))])
    started = time.monotonic()
    answer = call(telegram, "getMe")
    assert answer.json()["result"]["id"] == telegram.bot["id"]
    assert time.monotonic() - started >= 0.001 * len(answer.content)
    answer = call(telegram, "getMe")
    assert (answer.status_code, answer.content) == (502, b"<html>")


def test_stopping_ends_polls_and_hangs_at_once(pool: ThreadPoolExecutor) -> None:
    telegram = SimulatedTelegram().start()
    telegram.script("getMe", [hang()])
    waiting = [pool.submit(call, telegram, "getUpdates", timeout=50), pool.submit(call, telegram, "getMe")]
    telegram.wait_for(lambda: telegram.is_polled and telegram.hanging_calls)
    started = time.monotonic()
    telegram.stop()
    assert time.monotonic() - started < 3
    assert all(isinstance(ended.exception(5), requests.ConnectionError) for ended in waiting)


def test_only_loopback_listens(telegram: SimulatedTelegram) -> None:
    with socket.create_connection(("127.0.0.1", telegram.port), timeout=SECONDS) as connection:
        assert connection.getpeername()[0] == "127.0.0.1"
    assert telegram.url == f"http://127.0.0.1:{telegram.port}"


def test_a_port_in_use_is_an_os_error(telegram: SimulatedTelegram) -> None:
    with pytest.raises(OSError, match="in use"):
        SimulatedTelegram(port=telegram.port).start()


def test_what_does_not_happen_times_out(telegram: SimulatedTelegram) -> None:
    with pytest.raises(TimeoutError, match=r"within 0\.05 s"):
        telegram.wait_for(lambda: False, timeout=0.05)
