"""Asking DeepSeek: one request for several messages, over within a total deadline, errors in our own words.

Facts about the API (JSON mode's blank answers, keep-alive lines, which codes are worth a second try) are
api-docs.deepseek.com's as of November 2026.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import requests
import urllib3
from django.conf import settings

from cvgorod_hub.common.external import ExternalServiceError
from cvgorod_hub.common.redaction import redact
from intents.prompt import INSTRUCTIONS, Answered, Asked, document, rows_of

# Seconds. While a request queues, DeepSeek sends blank lines, each of which restarts the read timeout; the
# clock is looked at after every piece, so a call ends within DEADLINE in any case.
DEADLINE = 40.0
SILENCE = 15.0
CONNECT = 5.0
LARGEST_ANSWER = 1_000_000
# Room for one row, and for the document around the rows.
TOKENS_PER_ROW = 60
TOKENS_AROUND = 100
_WRONG_ACCOUNT = {401: "the key is refused", 402: "the balance is used up"}
_WRONG_REQUEST = {400, 422}


class AccountError(ExternalServiceError):
    """The key or the balance: nothing will be answered until a person acts."""


class AnswerError(ExternalServiceError):
    """An answer came, but it is of no use: blank, cut off, or no JSON as agreed."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The valid rows by number; the model's name as it calls itself; tokens of the whole request."""

    rows: dict[int, Answered]
    model: str
    tokens: int
    milliseconds: int


def ask(asked: Sequence[Asked]) -> Reply:
    """Classify messages in one request. Missing or invalid rows are left out of the reply.

    Raises AccountError, AnswerError, or another ExternalServiceError: permanent where the request itself was
    refused, with retry_after where DeepSeek named a time.
    """
    started = time.monotonic()
    status, headers, body = _post(_payload(asked), started=started)
    if status != requests.codes.ok:
        raise _refused(status, headers)
    content, model, tokens = _read(body)
    try:
        rows = rows_of(content, asked)
    except ValueError as error:
        raise AnswerError(f"DeepSeek's answer cannot be read: {type(error).__name__}") from None
    return Reply(rows, model, tokens, int((time.monotonic() - started) * 1000))


def _payload(asked: Sequence[Asked]) -> dict[str, object]:
    return {
        "model": settings.DEEPSEEK_MODEL,
        "messages": [
            {"role": "system", "content": INSTRUCTIONS},
            {"role": "user", "content": document(asked)},
        ],
        "thinking": {"type": "disabled"},
        "temperature": 0,
        "response_format": {"type": "json_object"},
        "max_tokens": TOKENS_AROUND + TOKENS_PER_ROW * len(asked),
        "stream": False,
    }


def _post(payload: dict[str, object], *, started: float) -> tuple[int, dict[str, str], bytes]:
    try:
        with requests.post(
            f"{settings.DEEPSEEK_API_URL}/chat/completions",
            json=payload,
            headers={"Authorization": f"Bearer {settings.DEEPSEEK_API_KEY}"},
            timeout=(CONNECT, SILENCE),
            stream=True,
            allow_redirects=False,
        ) as response:
            body = bytearray()
            # iter_content would wait for the end where the answer is not chunked; read1 gives what is there
            while piece := response.raw.read1(65536, decode_content=True):
                body += piece
                if len(body) > LARGEST_ANSWER:
                    raise AnswerError("DeepSeek's answer does not end")
                if time.monotonic() - started > DEADLINE - SILENCE:
                    raise ExternalServiceError(f"DeepSeek did not answer within {DEADLINE:.0f} seconds")
            return response.status_code, dict(response.headers), bytes(body)
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise ExternalServiceError(redact(f"DeepSeek cannot be reached: {type(error).__name__}")) from None


def _refused(status: int, headers: dict[str, str]) -> ExternalServiceError:
    if status in _WRONG_ACCOUNT:
        return AccountError(f"DeepSeek: {_WRONG_ACCOUNT[status]} (HTTP {status})", permanent=True)
    waiting = headers.get("Retry-After", "")
    return ExternalServiceError(
        f"DeepSeek refused the request (HTTP {status})",
        permanent=status in _WRONG_REQUEST,
        retry_after=float(waiting) if waiting.isdigit() else None,
    )


def _read(body: bytes) -> tuple[str, str, int]:
    """Content, model and tokens of an answer. Raises AnswerError."""
    try:
        answer: dict[str, Any] = json.loads(body)
        choice = answer["choices"][0]
        content, reason = choice["message"]["content"], choice["finish_reason"]
        model = str(answer.get("model", ""))[:100]
        tokens = int((answer.get("usage") or {}).get("total_tokens", 0))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise AnswerError(f"DeepSeek's answer has another shape: {type(error).__name__}") from None
    if reason != "stop":
        raise AnswerError(f"DeepSeek's answer was cut off ({str(reason)[:40]})")
    if not isinstance(content, str) or not content.strip():
        raise AnswerError("DeepSeek's answer is blank")
    return content, model, tokens
