"""Whatever is wrong, the answer is JSON with `detail`; and nothing a caller writes is a 500."""

import json
import logging
from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.urls import resolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from cvgorod_hub.api.filters import BIGINT
from cvgorod_hub.api.moments import FORMAT_HINT
from cvgorod_hub.api.renderers import MAX_BODY_BYTES, OrjsonRenderer
from messaging.api.messages import MessageViewSet
from tests.api.conftest import Caller
from tests.api.test_authentication import CALLS
from tests.factories import ChatFactory, MessageFactory

LISTS = {
    "messages": {
        "after",
        "chat_id",
        "clients_only",
        "cursor",
        "days",
        "exclude_automatic",
        "has_intent",
        "highlight",
        "limit",
        "message_type",
        "ordering",
        "reply_to",
        "role",
        "search",
        "sentiment",
        "since",
        "until",
        "urgent",
        "user_id",
    },
    "clients": {"cursor", "include_staff", "limit", "ordering", "search"},
    "chats": {"chat_type", "cursor", "is_active", "limit", "ordering", "search", "waiting"},
    "sandbox/pending": {"cursor", "limit"},
    "analytics/unanswered": {"cursor", "hours", "limit"},
    "messages/stats/total": {"days", "since"},
    "messages/stats/by-role": {"days", "since"},
    "clients/stats/active": {"days"},
    "intents": {"days"},
    "intents/daily": {"days"},
    "intents/urgent": {"limit", "unanswered_only"},
}
PARAMETERS = [(path, name) for path, names in LISTS.items() for name in sorted(names)]
NASTY = [
    "x",
    "\x00",
    "a\x00b",
    "-1",
    "0",
    "1.5",
    "1e400",
    "NaN",
    "Infinity",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "9" * 5000,
    "٣",
    "\ud83d\udc90".encode("utf-16", "surrogatepass").decode("utf-16"),
    "%ED%A0%80",
    "\u202e\u0000\ufeff",
    "' OR 1=1 --",
    '"unclosed phrase',
    "& | ! ( ) <-> :*",
    "-",
    "\\",
    "[]",
    "{}",
    "null",
    "true",
    "TRUE",
    "yes",
    "2026-13-45",
    "2026-02-30T25:61:61Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2026-11-22T09:00:00+99:99",
    "2026-W01-1",
    "20261122",
    "я" * 3000,
]


@pytest.mark.parametrize(("path", "name"), PARAMETERS)
def test_no_value_of_a_parameter_is_a_500(reader: Caller, path: str, name: str) -> None:
    for value in NASTY:
        answer = reader.get(path, **{name: value})

        assert answer.status_code in {200, 400}, (value, answer.content)
        if answer.status_code == 400:
            assert set(answer.json()) == {"detail", "errors"}
            assert set(answer.json()["errors"]) == {name}
            assert answer.json()["detail"].startswith(f"{name}: ")


@pytest.mark.django_db
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parameter=st.sampled_from(PARAMETERS), value=st.text(max_size=60))
def test_no_text_is_a_500(reader: Caller, parameter: tuple[str, str], value: str) -> None:
    path, name = parameter

    # As bytes on the wire: what is no character at all becomes one that says so.
    answer = reader.get(path, **{name: value.encode("utf-8", "replace").decode()})

    assert answer.status_code in {200, 400}


@pytest.mark.parametrize("path", ["messages", "clients", "chats"])
def test_bytes_that_are_no_text_are_not_a_500(reader: Caller, path: str) -> None:
    for query in ("search=%ff%fe", "search=%ED%A0%80", "%ff=1", "search=%00", "%00=1"):
        answer = reader.follow(f"/api/v1/{path}?{query}")

        assert answer.status_code in {200, 400}


@pytest.mark.parametrize("path", [*LISTS, "messages/1", "chats/-1", "sandbox/1", "clients/1/messages"])
def test_an_unknown_parameter_is_refused_by_name(reader: Caller, path: str) -> None:
    answer = reader.get(path, chat="1")

    assert answer.status_code == 400
    (message,) = answer.json()["errors"]["chat"]
    known = LISTS.get(path)
    if known is not None:
        assert message == f"There is no such parameter. This call takes: {', '.join(sorted(known))}."
    assert message.startswith("There is no such parameter. This call takes: ")


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path", "scope"), CALLS)
def test_every_call_refuses_what_it_does_not_know(
    caller: Callable[..., Caller], method: str, path: str, scope: str
) -> None:
    program = caller(scope)

    answer = getattr(program.client, method)(f"{program.url(path)}?chat=1", headers=program.headers())

    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"chat"}


@pytest.mark.parametrize(("path", "name"), PARAMETERS)
def test_a_parameter_without_value_is_refused(reader: Caller, path: str, name: str) -> None:
    for value in ("", " ", "\t"):
        answer = reader.get(path, **{name: value})

        if name == "after" and value == "":
            assert answer.status_code == 200
        else:
            assert answer.status_code == 400
            assert set(answer.json()["errors"]) == {name}


def test_a_parameter_twice_is_refused(reader: Caller) -> None:
    answer = reader.follow("/api/v1/messages?chat_id=1&chat_id=2&limit=5")

    assert answer.status_code == 400
    assert answer.json() == {
        "detail": "chat_id: Given more than once.",
        "errors": {"chat_id": ["Given more than once."]},
    }


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("role", "boss", "Not one of: admin, director, manager, broadcast_bot, assistant_bot, client."),
        ("sentiment", "sad", "Not one of: positive, neutral, negative."),
        ("urgent", "perhaps", "Neither true nor false."),
        ("chat_id", "abc", "Not a whole number."),
        (
            "since",
            "yesterday",
            FORMAT_HINT,
        ),
        ("until", "1969-12-31", "Not a time between 1970 and 2200."),
    ],
)
def test_an_unreadable_value_says_what_could_be_read(
    reader: Caller, name: str, value: str, message: str
) -> None:
    answer = reader.get("messages", **{name: value})

    assert answer.json() == {"detail": f"{name}: {message}", "errors": {name: [message]}}


@pytest.mark.parametrize("number", [-BIGINT, BIGINT - 1])
@pytest.mark.parametrize("name", ["chat_id", "user_id", "reply_to"])
def test_the_outermost_numbers_are_numbers(reader: Caller, name: str, number: int) -> None:
    MessageFactory(text="Роза")

    for search in ({}, {"search": "роза"}):
        assert reader.get("messages", **{name: number}, **search).json()["results"] == []


def test_all_that_is_wrong_is_said_at_once(reader: Caller) -> None:
    answer = reader.get("messages", chat_id="x", urgent="y", limit="5")

    assert set(answer.json()["errors"]) == {"chat_id", "urgent"}


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v1", "/api/v1/nothing", "/api/v2/messages", "/api/v1/messages/abc"]
)
@pytest.mark.parametrize("debug", [False, True])
def test_an_unknown_address_is_a_404_in_json(
    client: Client, settings: Settings, path: str, debug: bool
) -> None:
    settings.DEBUG = debug

    answer = client.get(path)

    assert answer.status_code == 404
    assert answer.json() == {"detail": f"There is no {path} here."}


def test_writing_to_an_unknown_address_is_the_same_404() -> None:
    answer = Client(enforce_csrf_checks=True).post("/api/v1/sandbox/abc/approve")

    assert answer.status_code == 404
    assert answer.json() == {"detail": "There is no /api/v1/sandbox/abc/approve here."}


def test_an_unknown_address_elsewhere_is_a_page(client: Client) -> None:
    answer = client.get("/nothing")

    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "messages"),
        ("delete", "messages/1"),
        ("put", "chats"),
        ("get", "send"),
        ("patch", "sandbox/1"),
    ],
)
def test_another_method_is_a_405(reader: Caller, agent: Caller, method: str, path: str) -> None:
    answer = getattr(agent.client, method)(agent.url(path), headers=agent.headers())

    assert answer.status_code == 405
    assert answer.json() == {"detail": f'Method "{method.upper()}" not allowed.'}
    assert "Allow" in answer.headers


def test_another_method_is_a_405_whatever_its_parameters(reader: Caller) -> None:
    for path in LISTS:
        answer = reader.client.post(f"{reader.url(path)}?limit=5", headers=reader.headers())

        assert answer.status_code == 405, path


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff",
        b"",
        b'{"a": NaN}',
        b"[" * 100_000,
        b'{"text": "\xd0"}',
        b"null",
        b"[]",
        b"5",
        b'"text"',
        b'{"chat_id": {"a": []}, "text": {}}',
        b'{"messages": 5}',
        b'{"messages": [5, null, [], {}]}',
        b'{"messages": {"a": 1}}',
        b'{"": 1}',
        b'{"chat_id": 1, "chat_id": 2}',
        b'{"chat_id": 1e999, "text": "a"}',
    ],
)
def test_a_body_that_cannot_be_read_is_a_400(agent: Caller, body: bytes) -> None:
    for path in ("send", "send/batch"):
        answer = agent.client.post(
            agent.url(path), body, content_type="application/json", headers=agent.headers()
        )

        assert answer.status_code == 400, answer.content
        assert answer.json()["detail"]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml"]
)
def test_another_content_type_is_a_415(agent: Caller, content_type: str) -> None:
    answer = agent.client.post(agent.url("send"), b"a=b", content_type=content_type, headers=agent.headers())

    assert answer.status_code == 415
    assert answer.json() == {"detail": f'Unsupported media type "{content_type}" in request.'}


def test_a_charset_is_no_other_type(agent: Caller) -> None:
    body = json.dumps({"chat_id": ChatFactory().pk, "text": "Да"})

    answer = agent.client.post(
        agent.url("send"), body, content_type="Application/JSON; charset=utf-8", headers=agent.headers()
    )

    assert answer.status_code == 201


def test_a_huge_body_is_a_413(agent: Caller) -> None:
    answer = agent.client.post(
        agent.url("send"),
        b" " * (MAX_BODY_BYTES + 1),
        content_type="application/json",
        headers=agent.headers(),
    )

    assert answer.status_code == 413
    assert answer.json() == {"detail": f"The body is larger than {MAX_BODY_BYTES} bytes."}


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*", "nonsense", ""])
def test_the_answer_is_json_whatever_is_accepted(reader: Caller, accept: str) -> None:
    answer = reader.client.get(reader.url("chats"), headers={**reader.headers(), "Accept": accept})

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"


def test_a_foreign_host_is_a_400_in_json(client: Client) -> None:
    answer = client.get("/api/v1/chats", headers={"Host": "elsewhere.example"})

    assert answer.status_code == 400
    assert answer.json() == {"detail": "The request cannot be read."}


def test_too_many_parameters_are_a_400_in_json(reader: Caller) -> None:
    query = "&".join(f"p{i}=1" for i in range(2000))

    answer = reader.follow(f"/api/v1/chats?{query}")

    assert answer.status_code == 400
    assert answer.json() == {"detail": "The request cannot be read."}


@pytest.fixture
def broken_view(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("the password is 1234")

    monkeypatch.setattr(MessageViewSet, "retrieve", fail)
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_an_unforeseen_error_is_a_500_that_tells_nothing(reader: Caller, broken_view: None) -> None:
    answer = reader.get("messages/1")

    assert answer.status_code == 500
    assert answer.json() == {"detail": "Something went wrong here. It has been logged."}


@pytest.mark.parametrize(
    "path",
    ["messages", "messages/stats/total", "clients", "chats", "intents", "intents/daily", "sandbox/pending"],
)
def test_a_trailing_slash_is_optional(reader: Caller, path: str) -> None:
    plain, slashed = reader.get(path), reader.get(f"{path}/")

    assert plain.status_code == slashed.status_code == 200
    assert plain.json() == slashed.json()
    assert resolve(reader.url(path)).url_name == resolve(reader.url(f"{path}/")).url_name


def test_a_trailing_slash_is_optional_for_one_row_and_for_writing(agent: Caller) -> None:
    message = MessageFactory()
    body = {"chat_id": message.chat_id, "text": "Да"}

    assert agent.get(f"messages/{message.pk}/").status_code == 200
    assert agent.post("send/", body).status_code == 201
    assert agent.post("send/batch/", {"messages": [body]}).status_code == 201


def test_numbers_that_orjson_cannot_write_are_written_all_the_same(reader: Caller) -> None:
    message = MessageFactory(media={"size": 2**70})

    assert reader.get(f"messages/{message.pk}").json()["media"] == {"size": 2**70}
    assert OrjsonRenderer().render(None) == b""
