"""Answers that are no updates, as the client hands them on: typed errors, short descriptions, sane pauses."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from aiogram.exceptions import ClientDecodeError, TelegramRetryAfter, TelegramServerError
from django.test import override_settings

from bots.client import FAILURES, describe, open_bot, translate
from bots.methods import GetUpdates
from bots.simulator import SimulatedTelegram, answers
from bots.simulator.answers import Answer

Ask = Callable[[Answer], Exception]


@pytest.fixture(params=[True, False], ids=["kept connections", "one call each"])
def ask(request: pytest.FixtureRequest) -> Iterator[Ask]:
    """What a getUpdates raises that is answered so."""
    with (
        SimulatedTelegram() as telegram,
        override_settings(TELEGRAM_API_URL=telegram.url, TELEGRAM_BOT_TOKEN=telegram.token),
    ):

        async def poll() -> Exception:
            async with open_bot(keeps_connections=request.param) as bot:
                with pytest.raises(FAILURES) as failure:
                    await bot(GetUpdates(), request_timeout=5)
                return failure.value

        def ask(answer: Answer) -> Exception:
            telegram.script("getUpdates", [answer])
            return asyncio.run(poll())

        yield ask


@pytest.mark.parametrize("body", [b'{"ok": true}', b'{"ok": true, "result": null}'])
def test_an_answer_without_a_result_is_a_failure(ask: Ask, body: bytes) -> None:
    assert type(ask(answers.garbage(body))) is ClientDecodeError


def test_a_server_error_needs_no_description(ask: Ask) -> None:
    assert type(ask(answers.garbage(b'{"ok": false}', status=500))) is TelegramServerError


def test_a_pause_into_the_past_is_a_second(ask: Ask) -> None:
    error = ask(answers.too_many_requests(-5))
    assert type(error) is TelegramRetryAfter
    assert translate(error).retry_after == 1


def test_a_page_of_megabytes_is_described_in_one_short_line(ask: Ask) -> None:
    text = describe(ask(answers.garbage(b"<html>\n" + b"x\n" * 1_000_000, status=502)))
    assert len(text) == 300
    assert text.startswith("ClientDecodeError: ")
    assert "\n" not in text
