"""The demo's own speech recognition: the whole journey without a key, and plainly the demo's."""

import pytest
import requests
from pytest_django import Settings

from bots.simulator import SimulatedTelegram
from bots.simulator.speech import MARK, SAID
from bots.voice.queue import fetch_one, poll_one, recognise_short_one, submit_one
from tests.bots.voice.conftest import fresh, make_due, voice

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _demo(telegram: SimulatedTelegram, settings: Settings) -> None:
    settings.YANDEX_CLOUD_API_KEY = "demo"
    settings.YANDEX_STT_ENABLED = True
    settings.YANDEX_STT_URL = settings.YANDEX_OPERATION_URL = telegram.url


def test_a_short_voice_says_something_invented(telegram: SimulatedTelegram) -> None:
    recording = voice(telegram)

    assert fetch_one()
    assert recognise_short_one()

    assert fresh(recording).message.transcript == f"{MARK} {SAID[0]}"


def test_a_long_one_takes_its_time(telegram: SimulatedTelegram, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = voice(telegram, seconds=38)
    fetch_one()
    assert submit_one()
    make_due()
    assert poll_one()
    assert fresh(recording).state == "recognising"

    monkeypatch.setattr("bots.simulator.speech.OPERATION_SECONDS", -1.0)
    other = voice(telegram, seconds=38)
    fetch_one()
    assert submit_one()
    make_due()
    assert poll_one()

    assert fresh(other).message.transcript.startswith(MARK)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/speech/v1/stt:recognize", 400),
        ("POST", "/stt/v3/recognizeFileAsync", 400),
        ("GET", "/operations/none", 404),
        ("GET", "/stt/v3/getRecognition?operation_id=none", 404),
    ],
)
def test_it_refuses_as_speechkit_does(
    telegram: SimulatedTelegram, method: str, path: str, status: int
) -> None:
    answer = requests.request(method, f"{telegram.url}{path}", timeout=10)

    assert (answer.status_code, set(answer.json())) == (status, {"error_code", "error_message"})
