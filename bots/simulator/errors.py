"""The Bot API's refusals, in its own words."""

from typing import Any


class BotApiError(Exception):
    """Answered as `{"ok": false, "error_code", "description", "parameters"?}` with that HTTP status."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def as_json(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "ok": False,
            "error_code": self.code,
            "description": self.description,
        }
        return body | ({"parameters": self.parameters} if self.parameters else {})


def bad_request(reason: str, **parameters: int) -> BotApiError:
    return BotApiError(400, f"Bad Request: {reason}", **parameters)


def conflict(reason: str) -> BotApiError:
    return BotApiError(409, f"Conflict: {reason}")
