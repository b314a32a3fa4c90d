"""A call's parameters, from wherever they came: query, form or JSON body."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bots.simulator.errors import bad_request
from bots.simulator.wire import JSON

_TRUE = {"true", "yes", "1"}


async def read_params(request: web.Request) -> JSON:
    """The query's parameters under those of the body; 400 where the body cannot be read."""
    params: JSON = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.read() or b"{}")
        except ValueError:
            raise bad_request("can't parse JSON body") from None
        if not isinstance(body, dict):
            raise bad_request("expected a JSON object")
        return params | body
    form = await request.post()
    return params | {key: value for key, value in form.items() if isinstance(value, str)}


class Params:
    """Telegram's reading of values: forms hold strings, JSON bodies hold the thing itself."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw

    def text(self, name: str) -> str:
        value = self.raw.get(name)
        return "" if value is None else str(value)

    def integer(self, name: str, default: int = 0) -> int:
        """The number, or the default for what is none, as Telegram does."""
        try:
            return int(self.text(name))
        except ValueError:
            return default

    def between(self, name: str, *, low: int, high: int, default: int) -> int:
        return max(low, min(high, self.integer(name, default)))

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in _TRUE

    def mapping(self, name: str) -> JSON:
        """A JSON-serialised object; empty where there is none."""
        value = self._structure(name)
        if not isinstance(value, dict | None):
            raise bad_request(f"object expected as {name}")
        return value or {}

    def strings(self, name: str) -> list[str] | None:
        """A JSON-serialised list of strings, or None where there is none."""
        value = self._structure(name)
        if not isinstance(value, list | None):
            raise bad_request(f"expected an Array of {name}")
        return None if value is None else [str(item) for item in value]

    def _structure(self, name: str) -> object:
        value = self.raw.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {name} JSON object") from None
