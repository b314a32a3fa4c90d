"""SpeechKit's answers, good and bad, over real HTTP."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from bots.voice import calling
from bots.voice.results import text_of
from bots.voice.speechkit import (
    AccountError,
    AnswerError,
    BusyError,
    GoneError,
    OperationError,
    RefusedError,
    fetch_words,
    is_finished,
    recognise_short,
    submit,
)
from cvgorod_hub.common.external import ExternalServiceError
from messaging.models import Recording
from tests.bots.voice.speechkit_stub import (
    LONG,
    OPERATION,
    RESULT,
    SHORT,
    Answer,
    SpeechKitStub,
    final,
    lines,
    refined,
)

OGG = Recording.Container.OGG_OPUS


def short(content: bytes = b"OggS") -> str:
    return recognise_short(content, request_id="11111111-1111-1111-1111-111111111111")


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, RefusedError), (401, AccountError), (403, AccountError), (404, RefusedError), (413, RefusedError),
     (429, BusyError), (500, ExternalServiceError), (502, ExternalServiceError), (503, ExternalServiceError),
     (504, ExternalServiceError), (302, ExternalServiceError)],
)  # fmt: skip
def test_statuses_are_told_apart(
    speechkit: SpeechKitStub, status: int, kind: type[ExternalServiceError]
) -> None:
    said = {"error_code": "CODE", "error_message": "what  is\nwrong"}
    speechkit.scripts[SHORT] = [Answer(status=status, body=json.dumps(said).encode())]

    with pytest.raises(ExternalServiceError) as caught:
        short()

    assert type(caught.value) is kind
    assert str(caught.value) == f"SpeechKit answers {status}: what is wrong"


def test_too_many_requests_name_their_pause(speechkit: SpeechKitStub) -> None:
    speechkit.scripts[SHORT] = [Answer(status=429, headers={"Retry-After": "77"})]

    with pytest.raises(BusyError) as caught:
        short()

    assert caught.value.retry_after == 77


def test_what_is_gone_is_so_for_operations_only(speechkit: SpeechKitStub) -> None:
    speechkit.scripts = {OPERATION: [Answer(status=404)], RESULT: [Answer(status=404)]}  # type: ignore[assignment]

    with pytest.raises(GoneError):
        is_finished("a")
    with pytest.raises(GoneError):
        fetch_words("a")


@pytest.mark.parametrize(
    "body", [b"", b"   ", b"<html>", b"[]", b'{"result": 5}', b"{}", b"\xff\xfe", b"[" * 5000]
)
def test_answers_that_are_none(speechkit: SpeechKitStub, body: bytes) -> None:
    speechkit.scripts[SHORT] = [Answer(body=body)]

    with pytest.raises(AnswerError):
        short()


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"id": ""}',
        b'{"id": 5}',
        json.dumps({"id": "x" * 129}).encode(),
        b'{"id": "a\\u0000b"}',
        b'{"id": "\\ud800"}',
    ],
)
def test_an_operation_without_a_name_is_none(speechkit: SpeechKitStub, body: bytes) -> None:
    speechkit.scripts[LONG] = [Answer(body=body)]

    with pytest.raises(AnswerError):
        submit(b"OggS", OGG, request_id="a")


def test_an_operations_id_stays_within_its_path(speechkit: SpeechKitStub) -> None:
    assert is_finished("../a?b")

    assert speechkit.requests[0].path == "/operations/..%2Fa%3Fb"


@pytest.mark.parametrize(
    ("code", "kind"),
    [(3, RefusedError), (5, RefusedError), (7, AccountError), (16, AccountError), (8, BusyError),
     (13, OperationError), (14, OperationError), (None, RefusedError)],
)  # fmt: skip
def test_an_operation_that_failed_says_why(
    speechkit: SpeechKitStub, code: int | None, kind: type[ExternalServiceError]
) -> None:
    operation = {"done": True, "error": {"code": code, "message": "internal"}}
    speechkit.scripts[OPERATION] = [Answer(body=json.dumps(operation).encode())]

    with pytest.raises(kind) as caught:
        is_finished("a")

    assert str(caught.value) == f"SpeechKit: error {code}: internal"


@pytest.mark.parametrize("drips", ["head", "body"])
def test_a_call_is_over_in_time_whatever_drips(
    speechkit: SpeechKitStub, monkeypatch: pytest.MonkeyPatch, drips: str
) -> None:
    monkeypatch.setattr("bots.voice.speechkit.SHORT_SECONDS", 0.4)
    speechkit.scripts[SHORT] = [Answer(drips=drips)]
    began = time.monotonic()

    with pytest.raises(ExternalServiceError, match="SpeechKit cannot be reached: Deadline"):
        short()

    assert time.monotonic() - began < 5


@pytest.mark.parametrize("code", [[7], {"code": 7}, "\x00" * 10**5, 10**400])
def test_a_code_that_is_none_is_no_accounts_trouble(speechkit: SpeechKitStub, code: object) -> None:
    speechkit.scripts[OPERATION] = [Answer(body=json.dumps({"error": {"code": code}}).encode())]

    with pytest.raises(RefusedError) as caught:
        is_finished("a")

    assert "\x00" not in str(caught.value)


def test_a_netrc_of_this_machine_does_not_replace_the_key(
    speechkit: SpeechKitStub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    short()

    assert [each.headers["authorization"] for each in speechkit.requests] == ["Api-Key only-for-tests"]


def test_an_answer_without_end_is_cut_off(speechkit: SpeechKitStub) -> None:
    speechkit.scripts[OPERATION] = [Answer(body=b"x" * 100)]

    with pytest.raises(calling.CallError, match="more than 10 bytes"):
        calling.call("GET", f"{speechkit.url}/a", seconds=5, most_bytes=10, headers={})


def test_nobody_there(settings: Settings) -> None:
    settings.YANDEX_CLOUD_API_KEY = "secret-word"
    settings.YANDEX_STT_URL = "http://127.0.0.1:9"

    with pytest.raises(ExternalServiceError, match="SpeechKit cannot be reached: ConnectionError"):
        short()


def test_a_large_upload_arrives_whole(speechkit: SpeechKitStub) -> None:
    content = bytes(range(256)) * 4 * 1024 * 20

    assert submit(content, OGG, request_id="a") == "operation-1"
    assert speechkit.requests[0].audio == content


# --- results ------------------------------------------------------------------------------------
RESULTS: dict[str, tuple[list[dict[str, Any]], str]] = {
    "refined over final": ([final("раз два"), refined("Раз, два.")], "Раз, два."),
    "a piece without refinement": ([final("раз"), refined("Раз."), final("два", 1)], "Раз. два"),
    "refinements late and out of order": (
        [final("раз"), final("два", 1), refined("Два.", 1), refined("Раз.")],
        "Раз. Два.",
    ),
    "a blank refinement": ([final("раз"), refined(" ")], "раз"),
    "only refinements": ([refined("Два.", 1), refined("Раз.")], "Раз. Два."),
    "ten pieces in their order": ([final(str(n), n) for n in range(11)], " ".join(map(str, range(11)))),
    "numbers left out": (
        [{"result": {"final": {"alternatives": [{"text": word}]}}} for word in ("раз", "два")],
        "раз два",
    ),
    "two channels, each once": (
        [final("раз", channelTag="0"), final("два", channelTag="1"), refined("Два.", channelTag="1"),
         final("три", 1, channelTag="0")],
        "раз три Два.",
    ),
    "without the envelope": ([final("раз")["result"]], "раз"),
    "other events": (
        [{"result": {"eouUpdate": {"timeMs": "5"}}}, {"result": {"statusCode": {"codeType": "WORKING"}}},
         {"result": {"partial": {"alternatives": [{"text": "ра"}]}}}, final("раз"), {"result": None}],
        "раз",
    ),
    "the first alternative": (
        [{"result": {"final": {"alternatives": [{"text": "раз"}, {"text": "рад"}]}}}], "раз",
    ),
    "no alternatives": ([{"result": {"final": {"alternatives": []}}}, {"result": {"final": {}}}], ""),
    "nothing": ([], ""),
}  # fmt: skip


@pytest.mark.parametrize(("events", "text"), RESULTS.values(), ids=RESULTS)
def test_pieces_of_speech_count_once(events: list[dict[str, Any]], text: str) -> None:
    assert text_of(events) == text


@pytest.mark.parametrize("between", [b"\n", b"", b"\r\n\n", b" "])
def test_a_result_is_objects_one_after_the_other(speechkit: SpeechKitStub, between: bytes) -> None:
    body = between.join([lines(final("раз }{ \n")), lines(refined("Раз.")), lines(final("два", 1)), b""])
    speechkit.scripts[RESULT] = [Answer(body=body)]

    assert fetch_words("a") == "Раз. два"


@pytest.mark.parametrize(
    "body", [lines(final("раз")) + b'\n{"result": {"fin', b"<html>", b"[1]", b"\xff", b'{"a":' * 3000]
)
def test_a_result_that_breaks_off_is_none(speechkit: SpeechKitStub, body: bytes) -> None:
    speechkit.scripts[RESULT] = [Answer(body=body)]

    with pytest.raises(AnswerError):
        fetch_words("a")


def test_an_error_may_come_within_a_good_answer(speechkit: SpeechKitStub) -> None:
    error = {"error": {"grpcCode": 13, "httpCode": 500, "message": "internal", "details": []}}
    speechkit.scripts[RESULT] = [Answer(body=lines(final("раз"), error))]

    with pytest.raises(ExternalServiceError, match="SpeechKit: error 13: internal"):
        fetch_words("a")


def test_what_the_database_cannot_hold_is_replaced(speechkit: SpeechKitStub) -> None:
    speechkit.scripts[SHORT] = [Answer(body=b'{"result": "\\u0000\\ud800 word"}')]

    assert short() == "\ufffd\ufffd word"


@pytest.mark.parametrize("said", ["bad Api-Key {}", "Unknown api key '{}'", "{} is expired"])
def test_the_key_is_in_no_error(speechkit: SpeechKitStub, settings: Settings, said: str) -> None:
    body = {"message": said.format(settings.YANDEX_CLOUD_API_KEY)}
    speechkit.scripts[SHORT] = [Answer(status=401, body=json.dumps(body).encode())]

    with pytest.raises(AccountError) as caught:
        short()

    assert settings.YANDEX_CLOUD_API_KEY not in str(caught.value)
