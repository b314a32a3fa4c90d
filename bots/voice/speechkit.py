"""Asking Yandex SpeechKit to recognise speech; its failures in our own words.

API v1 answers at once and takes OGG/Opus of up to 30 s, 1 MB, one channel; API v3 takes OGG/Opus, MP3 and WAV
of up to 60 MB as base64, and is asked for its result later (yandex-cloud/docs and cloudapi, November 2026). A
service account's key needs no folderId.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from django.conf import settings

from bots.voice.calling import Answer, CallError, call
from bots.voice.results import text_of
from cvgorod_hub.common.external import ExternalServiceError
from cvgorod_hub.common.redaction import redact
from cvgorod_hub.common.texts import storable
from messaging.models import Recording

# Seconds for a whole call. An upload of 27 MB takes its time.
SHORT_SECONDS = 45.0
SUBMIT_SECONDS = 120.0
ASK_SECONDS = 20.0
RESULT_SECONDS = 60.0
LARGEST_RESULT = 20_000_000
LARGEST_ANSWER = 1_000_000
# What v1 is given: with room below its limits, since lengths are what senders say.
SHORT_MOST_SECONDS = 25
SHORT_MOST_BYTES = 1_000_000
# How v3 calls what it understands.
V3_TYPES = {
    Recording.Container.OGG_OPUS: "OGG_OPUS",
    Recording.Container.MP3: "MP3",
    Recording.Container.WAV: "WAV",
}
# google.rpc.Code, as operations and lines of results have it.
_WRONG_ACCOUNT_CODES = frozenset({7, 16})
_BUSY_CODES = frozenset({8})
_PASSING_CODES = frozenset({1, 2, 4, 10, 13, 14})


class AccountError(ExternalServiceError):
    """The key is refused: nothing will be recognised until a person acts."""


class BusyError(ExternalServiceError):
    """Too many requests; the same one will do later."""


class RefusedError(ExternalServiceError):
    """This recording will never be recognised as it was sent."""


class GoneError(ExternalServiceError):
    """The operation, or its result, is not there any more."""


class AnswerError(ExternalServiceError):
    """An answer came, but not as agreed."""


class OperationError(ExternalServiceError):
    """The operation ended without a result, by no fault of the recording's."""


def recognise_short(content: bytes, *, request_id: str) -> str:
    """The words in a short recording; "" where there are none."""
    answer = _call(
        "POST",
        f"{settings.YANDEX_STT_URL}/speech/v1/stt:recognize",
        seconds=SHORT_SECONDS,
        params={"lang": "ru-RU", "format": "oggopus"},
        body=content,
        headers={"Content-Type": "application/octet-stream", "x-client-request-id": request_id},
    )
    result = _json(answer).get("result")
    if not isinstance(result, str):
        raise AnswerError("SpeechKit's answer has no result")
    return storable(result).strip()


def submit(content: bytes, container: Recording.Container, *, request_id: str) -> str:
    """Hand over a recording of any length; returns the operation's id, which costs money to forget."""
    answer = _call(
        "POST",
        f"{settings.YANDEX_STT_URL}/stt/v3/recognizeFileAsync",
        seconds=SUBMIT_SECONDS,
        body=json.dumps(_long_request(content, container)).encode(),
        headers={"Content-Type": "application/json", "x-client-request-id": request_id},
    )
    operation_id = _json(answer).get("id")
    if not isinstance(operation_id, str) or not 0 < len(operation_id) <= 128:
        raise AnswerError("SpeechKit's answer names no operation")
    if not operation_id.isprintable():  # what the database cannot hold would be lost, and paid for again
        raise AnswerError("SpeechKit's answer names no operation")
    return operation_id


def is_finished(operation_id: str) -> bool:
    """Whether the result can be fetched. Raises RefusedError or OperationError where there will be none."""
    answer = _call(
        "GET",
        f"{settings.YANDEX_OPERATION_URL}/operations/{quote(operation_id, safe='')}",
        seconds=ASK_SECONDS,
        is_about_operation=True,
    )
    operation = _json(answer)
    if operation.get("error"):
        raise _failed(operation["error"], OperationError)
    return operation.get("done") is True


def fetch_words(operation_id: str) -> str:
    """The words of a finished operation; "" where there are none."""
    answer = _call(
        "GET",
        f"{settings.YANDEX_STT_URL}/stt/v3/getRecognition",
        seconds=RESULT_SECONDS,
        params={"operation_id": operation_id},
        most_bytes=LARGEST_RESULT,
        is_about_operation=True,
    )
    return storable(text_of(_results(answer.body))).strip()


def _long_request(content: bytes, container: Recording.Container) -> dict[str, Any]:
    return {
        "content": base64.b64encode(content).decode(),
        "recognitionModel": {
            "model": "general",
            "audioFormat": {"containerAudio": {"containerAudioType": V3_TYPES[container]}},
            "textNormalization": {
                "textNormalization": "TEXT_NORMALIZATION_ENABLED",
                "profanityFilter": False,
                "literatureText": True,
            },
            "languageRestriction": {"restrictionType": "WHITELIST", "languageCode": ["ru-RU"]},
        },
    }


def _call(
    method: str,
    url: str,
    *,
    seconds: float,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    body: bytes | None = None,
    most_bytes: int = LARGEST_ANSWER,
    is_about_operation: bool = False,
) -> Answer:
    """An answer of 200, or an error of ours."""
    authorization = {"Authorization": f"Api-Key {settings.YANDEX_CLOUD_API_KEY}"}
    try:
        answer = call(
            method,
            url,
            seconds=seconds,
            most_bytes=most_bytes,
            headers={**authorization, **(headers or {})},
            params=params,
            body=body,
        )
    except CallError as error:
        raise ExternalServiceError(f"SpeechKit cannot be reached: {error}") from None
    if answer.status != HTTPStatus.OK:
        raise _refused(answer, is_about_operation=is_about_operation)
    return answer


def _refused(answer: Answer, *, is_about_operation: bool) -> ExternalServiceError:
    text = f"SpeechKit answers {answer.status}{_said(answer.body)}"
    match answer.status:
        case 401 | 403:
            return AccountError(text, permanent=True)
        case 429:
            waiting = answer.headers.get("Retry-After", "")
            seconds = float(waiting) if waiting.isdecimal() and len(waiting) < 6 else None
            return BusyError(text, retry_after=seconds)
        case 404 | 410 if is_about_operation:
            return GoneError(text, permanent=True)
        case 400 | 404 | 405 | 413 | 415 | 422:
            return RefusedError(text, permanent=True)
    return ExternalServiceError(text)


def _said(body: bytes) -> str:
    """What an error's body says, in one short line."""
    try:
        document = json.loads(body[:10_000])
    except ValueError:
        return ""
    if not isinstance(document, dict):
        return ""
    inner = document.get("error")
    document = inner if isinstance(inner, dict) else document
    said = document.get("error_message") or document.get("message") or ""
    if not said:
        return ""
    key = settings.YANDEX_CLOUD_API_KEY
    text = redact(" ".join(storable(str(said)).split()))
    # Whatever words it stands between: an answer may repeat what it was asked with.
    return f": {text.replace(key, '[key]') if key else text}"[:202]


def _json(answer: Answer) -> dict[str, Any]:
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise AnswerError("SpeechKit's answer is no JSON") from None
    if not isinstance(document, dict):
        raise AnswerError("SpeechKit's answer has another shape")
    return document


def _results(body: bytes) -> Iterator[dict[str, Any]]:
    """The objects of a result: one after the other, not one document. One may be an error, in a 200."""
    decoder = json.JSONDecoder()
    try:
        text, place = body.decode(), 0
        while place < len(text):
            if text[place].isspace():
                place += 1
                continue
            line, place = decoder.raw_decode(text, place)
            if not isinstance(line, dict):
                raise AnswerError("SpeechKit's result has another shape")
            if line.get("error"):
                raise _failed(line["error"], ExternalServiceError)
            yield line
    except (ValueError, RecursionError):
        raise AnswerError("SpeechKit's result cannot be read") from None


def _failed(error: object, passing: type[ExternalServiceError]) -> ExternalServiceError:
    """What an `error` of an operation or a line means; `passing` is for what is not the recording's fault."""
    facts = error if isinstance(error, dict) else {}
    codes = (facts.get(name) for name in ("code", "grpcCode", "grpc_code"))
    code = next((code for code in codes if isinstance(code, int)), None)
    text = f"SpeechKit: error {code}{_said(json.dumps(facts).encode())}"
    if code in _WRONG_ACCOUNT_CODES:
        return AccountError(text, permanent=True)
    if code in _BUSY_CODES:
        return BusyError(text)
    return passing(text) if code in _PASSING_CODES else RefusedError(text, permanent=True)
