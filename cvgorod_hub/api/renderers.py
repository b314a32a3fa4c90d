"""JSON in and out, by orjson; the API speaks nothing else, whatever the caller accepts."""

import json
from collections.abc import Iterable, Mapping
from typing import IO, Any

import orjson
from django.http import HttpResponse
from django.utils.functional import Promise
from rest_framework.exceptions import APIException, ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

# The largest lawful body is a batch of 300 texts of 4096 characters, each written as \uXXXX (7.4 MB).
MAX_BODY_BYTES = 10 * 1024 * 1024


class PayloadTooLargeError(APIException):
    status_code = 413
    default_detail = f"The body is larger than {MAX_BODY_BYTES} bytes."
    default_code = "too_large"


class JsonText(HttpResponse):
    """An answer that is JSON already, as PostgreSQL or orjson wrote it; nothing is left to render."""

    def __init__(self, text: str | bytes, *, status: int = 200) -> None:
        super().__init__(text, content_type="application/json", status=status)


class OrjsonRenderer(BaseRenderer):
    """Times as ISO 8601 with offset, text as UTF-8."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: object,
        _accepted_media_type: str | None = None,
        _renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if data is None:
            return b""
        try:
            return orjson.dumps(data, default=_plain, option=orjson.OPT_NON_STR_KEYS)
        except orjson.JSONEncodeError:
            # Numbers of more than 64 bits, which jsonb columns may hold: slower, but never refused.
            return json.dumps(data, default=_plain_or_text, ensure_ascii=False).encode()


class OrjsonParser(BaseParser):
    """Strict JSON; what cannot be read is a 400, a body beyond `MAX_BODY_BYTES` a 413."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        _media_type: str | None = None,
        _parser_context: Mapping[str, Any] | None = None,
    ) -> Mapping[Any, Any]:
        """What the body says; DRF's type knows objects only, a caller may send any JSON."""
        body = stream.read(MAX_BODY_BYTES + 1)
        if len(body) > MAX_BODY_BYTES:
            raise PayloadTooLargeError
        try:
            data: Mapping[Any, Any] = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not JSON: {error}") from None
        return data


class AlwaysJson(BaseContentNegotiation):
    """The first parser that fits, and JSON as the answer: a browser may look, too."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        content_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == content_type), None)

    def select_renderer(
        self, _request: Request, renderers: Iterable[BaseRenderer], _format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type or ""


def _plain(value: object) -> object:
    if isinstance(value, Promise):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def _plain_or_text(value: object) -> object:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
