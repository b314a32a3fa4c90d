"""Asking DeepSeek: one request for several messages, over within a total deadline, errors in our own words.

Facts about the API (JSON mode's blank answers, keep-alive lines, which codes are worth a second try) are
api-docs.deepseek.com's as of November 2026.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import requests
import urllib3
from django.conf import settings

from cvgorod_hub.common.deadlines import Deadline, session_within
from cvgorod_hub.common.external import ExternalServiceError, read_retry_after
from cvgorod_hub.common.redaction import redact
from cvgorod_hub.common.texts import storable
from intents.llm.prompt import INSTRUCTIONS, Answered, Asked, document, rows_of
from intents.llm.tokens import Tokens, estimate

# Seconds for everything: the name, the connection, and every byte there and back. While a request queues,
# DeepSeek sends blank lines, each of which restarts the read timeout.
DEADLINE = 60.0
LARGEST_ANSWER = 1_000_000
# Room for the document around the rows, for one row, for what each character of a message may make of it
# (an order's goods are said again as entities), and for all of it.
TOKENS_AROUND, TOKENS_PER_ROW, TOKENS_PER_CHARACTER = 100, 80, 2
MOST_OUTPUT_TOKENS = 16_000
# More than any request of ours can take; a larger figure is no count of tokens.
MOST_TOKENS = 10_000_000
_WRONG_ACCOUNT = {401: "the key is refused", 402: "the balance is used up"}
_WRONG_REQUEST = {400, 422}
_TOO_MANY = 429
_SERVER_ERRORS = 500


class AccountError(ExternalServiceError):
    """The key, the balance or the address: nothing will be answered until a person acts."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message, permanent=True)
        self.status = status


class RequestError(ExternalServiceError):
    """This very request is refused; asking it again will not help."""


class AnswerError(ExternalServiceError):
    """An answer came, but its content is of no use: blank, cut off, or no JSON as agreed."""

    def __init__(self, message: str, *, tokens: Tokens = Tokens(), model: str = "") -> None:  # noqa: B008  (immutable)
        super().__init__(message)
        self.tokens = tokens
        self.model = model


@dataclass(frozen=True, slots=True)
class Reply:
    """The valid rows by number; the model's name as it calls itself; what the whole request used."""

    rows: dict[int, Answered]
    model: str
    milliseconds: int
    used: Tokens = field(default_factory=Tokens)

    @property
    def tokens(self) -> int:
        return self.used.total


def ask(asked: Sequence[Asked]) -> Reply:
    """Classify messages in one request. Missing or invalid rows are left out of the reply.

    Raises AccountError where nothing is answered until a person acts, RequestError where this request is
    refused, AnswerError where the content is of no use, else an ExternalServiceError: the service is in
    trouble; with retry_after where it named a time.
    """
    started = time.monotonic()
    status, headers, body = _post(_payload(asked))
    if status != requests.codes.ok:
        raise _refused(status, headers)
    content, model, used = _read(body)
    try:
        rows = rows_of(content, asked)
    except (ValueError, RecursionError) as error:
        reason = f"DeepSeek's answer cannot be read: {type(error).__name__}"
        raise AnswerError(reason, tokens=used, model=model) from None
    return Reply(rows, model, int((time.monotonic() - started) * 1000), used)


def most_tokens(asked: Sequence[Asked]) -> Tokens:
    """The most that a request about these should use."""
    return Tokens(miss=estimate(INSTRUCTIONS) + estimate(document(asked)), output=_most_output(asked))


def _most_output(asked: Sequence[Asked]) -> int:
    rows = sum(TOKENS_PER_ROW + TOKENS_PER_CHARACTER * len(one.document()["text"]) for one in asked)
    return min(TOKENS_AROUND + rows, MOST_OUTPUT_TOKENS)


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
        "max_tokens": _most_output(asked),
        "stream": False,
    }


def _post(payload: dict[str, object]) -> tuple[int, dict[str, str], bytes]:
    """Status, headers with names in lower case, and body. Raises ExternalServiceError."""
    with Deadline(DEADLINE) as deadline:
        try:
            with (
                session_within(deadline) as session,
                session.post(
                    f"{settings.DEEPSEEK_API_URL}/chat/completions",
                    json=payload,
                    auth=_authorize,
                    timeout=deadline.left(),
                    stream=True,
                    allow_redirects=False,
                ) as response,
            ):
                body = _body(response)
                headers = {name.lower(): value for name, value in response.headers.items()}
                if not deadline.is_over:  # what was cut off reads as if it had ended
                    return response.status_code, headers, body
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if not deadline.is_over and not isinstance(error, requests.Timeout):
                reason = redact(f"DeepSeek cannot be reached: {type(error).__name__}")
                raise ExternalServiceError(reason) from None
    raise ExternalServiceError(f"DeepSeek did not answer within {DEADLINE:.0f} seconds")


def _authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """As `auth`, since a header of ours would give way to a .netrc of this machine's."""
    request.headers["Authorization"] = f"Bearer {settings.DEEPSEEK_API_KEY}"
    return request


def _body(response: requests.Response) -> bytes:
    body = bytearray()
    # iter_content would wait for the end where the answer is not chunked; read1 gives what is there
    while piece := response.raw.read1(65536, decode_content=True):
        body += piece
        if len(body) > LARGEST_ANSWER:
            raise ExternalServiceError("DeepSeek's answer does not end")
    return bytes(body)


def _refused(status: int, headers: dict[str, str]) -> ExternalServiceError:
    if status in _WRONG_REQUEST:
        return RequestError(f"DeepSeek refused the request (HTTP {status})", permanent=True)
    if status == _TOO_MANY or status >= _SERVER_ERRORS:
        waiting = read_retry_after(headers.get("retry-after", "")).total_seconds()
        return ExternalServiceError(
            f"DeepSeek refused the request (HTTP {status})", retry_after=waiting or None
        )
    reason = _WRONG_ACCOUNT.get(status, "it refuses every request")
    return AccountError(f"DeepSeek: {reason} (HTTP {status})", status=status)


def _read(body: bytes) -> tuple[str, str, Tokens]:
    """Content, model and tokens of an answer.

    Raises AnswerError where the content is of no use, else ExternalServiceError: that is no answer of
    DeepSeek's (a proxy's page, blank lines alone), or one that its own trouble cut off.
    """
    try:
        answer: dict[str, Any] = json.loads(body)
        choice = answer["choices"][0]
        content, reason = choice["message"]["content"], choice["finish_reason"]
        model = storable(str(answer.get("model", "")))[:100]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ExternalServiceError(f"DeepSeek's answer has another shape: {type(error).__name__}") from None
    if reason == "insufficient_system_resource":
        raise ExternalServiceError("DeepSeek broke the answer off for want of resources")
    used = _tokens(answer.get("usage"))
    if reason != "stop":
        said = storable(str(reason))[:40]
        raise AnswerError(f"DeepSeek's answer was cut off ({said})", tokens=used, model=model)
    if not isinstance(content, str) or not content.strip():
        raise AnswerError("DeepSeek's answer is blank", tokens=used, model=model)
    return content, model, used


def _tokens(usage: object) -> Tokens:
    """What the answer says it used; prompt tokens that it does not tell apart did not come from the cache."""
    said = usage if isinstance(usage, dict) else {}
    hit, output = _count(said, "prompt_cache_hit_tokens"), _count(said, "completion_tokens")
    prompt = _count(said, "prompt_tokens") or max(_count(said, "total_tokens") - output, 0)
    miss = _count(said, "prompt_cache_miss_tokens") or max(prompt - hit, 0)
    return Tokens(hit=hit, miss=miss, output=output)


def _count(said: dict[str, Any], name: str) -> int:
    value = said.get(name)
    return value if isinstance(value, int) and 0 < value <= MOST_TOKENS else 0
