"""The hub's public API as the agent calls it, with what can go wrong said in three words."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

Row = dict[str, Any]

CONNECT_SECONDS = 5
ANSWER_SECONDS = 15
LONGEST_PAUSE_SECONDS = 60.0


class HubError(Exception):
    """A call to the hub that was not answered as asked; the message holds no key."""


class HubAwayError(HubError):
    """Ask again later; `retry_after` in seconds where the hub said so."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class KeyRefusedError(HubError):
    """The key is wrong or lacks a scope: asking again will not help."""


class RefusedError(HubError):
    """The hub does not take this request (400, 404, 409)."""


class Hub:
    """One hub at `url`, called with one key."""

    def __init__(self, *, url: str, key: str) -> None:
        self._url = url.rstrip("/")
        self._session = requests.Session()
        self._session.headers["X-API-Key"] = key
        self._session.trust_env = False

    def close(self) -> None:
        self._session.close()

    def newest(self, *, limit: int) -> list[Row]:
        """The newest messages of clients, newest first."""
        return self._rows(self._get("messages", {"clients_only": "true", "limit": limit}))

    def feed(self, cursor: str) -> tuple[list[Row], str | None]:
        """Clients' messages that are new or changed since the cursor, oldest first, and the next cursor.

        None for a hub without a feed.
        """
        params = {"clients_only": "true", "after": cursor}
        answer = self._get("messages", params)
        return self._rows(answer), _cursor(answer.get("next"))

    def pending(self, *, limit: int) -> list[Row]:
        """The drafts that wait for a manager, oldest first, at most `limit`."""
        return self._rows(self._get("sandbox/pending", {"limit": limit}))

    def propose(
        self, *, chat_id: int, text: str, context: str, reply_to: int | None, idempotency_key: str
    ) -> Row:
        """Propose a reply; the same key and body twice is the same draft."""
        body: Row = {"chat_id": chat_id, "text": text, "context": context}
        if reply_to is not None:
            body["reply_to_message_id"] = reply_to
        headers = {"Idempotency-Key": idempotency_key}
        return self._answer("POST", "send", json=body, headers=headers)

    def _get(self, path: str, params: dict[str, Any]) -> Row:
        return self._answer("GET", path, params=params)

    @staticmethod
    def _rows(answer: Row) -> list[Row]:
        rows = answer.get("results")
        if not isinstance(rows, list):
            raise HubAwayError("The hub's answer has no results.")
        return rows

    def _answer(self, method: str, path: str, **request: Any) -> Row:
        try:
            response = self._session.request(
                method,
                f"{self._url}/api/v1/{path}",
                timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
                allow_redirects=False,
                **request,
            )
            _check(response)
            answer = response.json()
        except requests.RequestException as error:
            raise HubAwayError(f"The hub does not answer ({type(error).__name__}).") from None
        if not isinstance(answer, dict):
            raise HubAwayError("The hub's answer is no object.")
        return answer


def _check(response: requests.Response) -> None:
    status = response.status_code
    if status in (401, 403):
        raise KeyRefusedError(f"The hub refuses the key ({status}).")
    if status == 429 or status >= 500:
        raise HubAwayError(f"The hub answered {status}.", _retry_after(response))
    if status >= 300:
        raise RefusedError(f"The hub answered {status}: {response.text[:200]}")


def _retry_after(response: requests.Response) -> float | None:
    seconds = response.headers.get("Retry-After", "")
    return min(float(seconds), LONGEST_PAUSE_SECONDS) if seconds.isdecimal() else None


def _cursor(next_url: object) -> str | None:
    """Only the cursor of a next URL is used: the key goes to no address but ours."""
    if not isinstance(next_url, str):
        return None
    return parse_qs(urlsplit(next_url).query).get("after", [None])[0]
