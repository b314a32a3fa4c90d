"""A caller with a key, as a program would be."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.http import HttpResponse
from django.test import Client

from cvgorod_hub.api.keys import create_key
from cvgorod_hub.api.keys.limits import counter
from cvgorod_hub.api.models import Scope


def in_json(moment: datetime) -> str:
    """As PostgreSQL writes it: without the zeros at the end of a fraction."""
    text = moment.astimezone(UTC).isoformat()
    return re.sub(r"(\.\d*?)0+(?=\+)", r"\1", text)


class Caller:
    """Calls below /api/v1 with one key; bodies are JSON both ways."""

    def __init__(self, key: str | None) -> None:
        self.key = key
        self.client = Client(raise_request_exception=False)

    def get(self, path: str, **parameters: object) -> HttpResponse:
        return self.client.get(self.url(path), parameters, headers=self.headers())

    def post(self, path: str, body: object = None, **headers: str) -> HttpResponse:
        return self.client.post(
            self.url(path),
            b"" if body is None else json.dumps(body),
            content_type="application/json",
            headers={**self.headers(), **headers},
        )

    def follow(self, url: str) -> HttpResponse:
        """A `next` or `previous` link."""
        return self.client.get(url, headers=self.headers())

    def url(self, path: str) -> str:
        return f"/api/v1/{path}"

    def headers(self) -> dict[str, str]:
        return {} if self.key is None else {"X-API-Key": self.key}


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    """Limits count on across tests, which come from one address."""
    counter.forget()


@pytest.fixture
def caller() -> Callable[..., Caller]:
    """Makes a caller whose key has these scopes."""

    def make(*scopes: str, name: str = "agent") -> Caller:
        return Caller(create_key(name=name, scopes=scopes)[1])

    return make


@pytest.fixture
def reader(db: None, caller: Callable[..., Caller]) -> Caller:
    return caller(Scope.READ, name="reader")


@pytest.fixture
def agent(db: None, caller: Callable[..., Caller]) -> Caller:
    return caller(Scope.READ, Scope.PROPOSE, name="agent")


@pytest.fixture
def reviewer(db: None, caller: Callable[..., Caller]) -> Caller:
    return caller(Scope.READ, Scope.REVIEW, name="reviewer")
