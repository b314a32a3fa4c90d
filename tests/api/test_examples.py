"""The examples of the schema run: what they send is taken, and what they show is what is answered."""

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from openapi_schema_validator import OAS31Validator

from cvgorod_hub.api.models import Scope
from cvgorod_hub.api.schema import ERROR_EXAMPLES
from sandbox import examples
from sandbox.models import PendingResponse
from tests.api.conftest import Caller
from tests.factories import NOW, AnalysisFactory, ChatFactory, MessageFactory, PersonFactory, ResponseFactory
from tests.marks import committed

# A draft's snapshot, by which it is stale or not, must have seen its chat's messages: they are committed.
pytestmark = committed
Schema = dict[str, Any]
Status = PendingResponse.Status
# Bodies whose names are data.
FREE = {"by_intent", "by_sentiment", "by_status", "entities", "media"}
# A reply must be in this state for the call.
STATES = {"cancel": Status.APPROVED, "retry": Status.FAILED, "mark-sent": Status.UNKNOWN}


@pytest.fixture
def schema(client: Client) -> Schema:
    whole: Schema = client.get("/api/schema", {"format": "json"}).json()
    return whole


@pytest.fixture
def program(db: None, caller: Callable[..., Caller]) -> Caller:
    return caller(Scope.READ, Scope.PROPOSE, Scope.REVIEW, name="desk")


@pytest.fixture
def rows(program: Caller) -> dict[str, object]:
    """The hub that the examples speak of; each argument of a path names one of its rows."""
    chat = ChatFactory(id=examples.PROPOSAL["chat_id"], name="Салон «Ромашка»", waiting_since=timezone.now())
    olga = PersonFactory(id=501, username="olga", first_name="Ольга")
    message = MessageFactory(
        id=1007, chat=chat, user=olga, telegram_message_id=4711, text="Почём розы 50 см?", edited_at=NOW
    )
    message.versions.create(text="Почём роза?", valid_from=NOW)
    AnalysisFactory(message=message, is_urgent=True)
    body = {"messages": [{"chat_id": chat.pk, "text": "Завтра выходной."}]}
    batch_id = program.post("send/batch", body).json()["batch_id"]
    ResponseFactory(id=42, chat=chat, attempts=1)
    return {"chat_id": chat.pk, "client_id": olga.pk, "batch_id": batch_id, "chats": chat.pk,
            "clients": olga.pk, "messages": message.pk, "sandbox": 42}  # fmt: skip


def operations(schema: Schema) -> list[tuple[str, str, Schema]]:
    return [(path, method, call) for path, calls in schema["paths"].items() for method, call in calls.items()]


def send(
    program: Caller, rows: dict[str, object], path: str, method: str, body: object = None
) -> HttpResponse:
    """The call of a path of the schema, about the rows of the example."""
    tag = path.removeprefix("/api/v1/").split("/")[0]
    row = rows["batch_id"] if tag == "send" else rows.get(tag)
    short = path.removeprefix("/api/v1/").format(**{**rows, "id": row})
    if state := STATES.get(path.rpartition("/")[2]):
        PendingResponse.objects.filter(pk=42).update(status=state)
    return program.get(short) if method == "get" else program.post(short, body)


def assert_alike(example: object, answer: object, place: str) -> None:
    """The same names of the same kinds all the way down; a null or an empty list says nothing of its kind."""
    if isinstance(example, dict) and isinstance(answer, dict):
        if place.rpartition(".")[2] not in FREE:
            assert example.keys() == answer.keys(), place
        for name in example.keys() & answer.keys():
            assert_alike(example[name], answer[name], f"{place}.{name}")
    elif isinstance(example, list) and isinstance(answer, list):
        if example and answer:
            assert_alike(example[0], answer[0], place)
    elif example is not None and answer is not None:
        assert type(answer) is type(example), (place, example, answer)


def test_every_call_shows_what_it_takes_and_what_it_answers(schema: Schema) -> None:
    validator = OAS31Validator(schema)
    for path, method, call in operations(schema):
        assert call["summary"], path
        assert call["operationId"], path
        for parameter in call.get("parameters", []):
            kind = parameter["schema"]
            says = kind.get("examples") or kind.get("enum") or "default" in kind or kind["type"] == "boolean"
            assert says, (path, parameter["name"])
            for example in kind.get("examples", []):
                validator.evolve(schema=kind).validate(example)
        if method == "post":
            body = call["requestBody"]["content"]["application/json"]
            assert body["examples"], path
            for example in body["examples"].values():
                validator.evolve(schema=body["schema"]).validate(example["value"])
        for status, response in call["responses"].items():
            content = response["content"]["application/json"]
            shown = content.get("examples") or {"": {"value": content["example"]}}
            for example in shown.values():
                validator.evolve(schema=content["schema"]).validate(example["value"])
            assert response["description"], (path, status)


def test_operation_ids_are_unique(schema: Schema) -> None:
    names = [call["operationId"] for _path, _method, call in operations(schema)]

    assert len(names) == len(set(names)) == 27


def test_every_answer_is_as_its_example(schema: Schema, program: Caller, rows: dict[str, object]) -> None:
    for path, method, call in operations(schema):
        bodies = call.get("requestBody", {}).get("content", {}).get("application/json", {}).get("examples")
        for body in (bodies or {"": {"value": None}}).values():
            PendingResponse.objects.filter(pk=42).update(status=Status.PENDING, version=1, attempts=1)

            answer = send(program, rows, path, method, body["value"])

            assert answer.status_code in {200, 201}, (path, answer.content)
            shown = call["responses"][str(answer.status_code)]["content"]["application/json"]["examples"]
            assert_alike(shown["AnAnswer"]["value"], answer.json(), f"{method} {path}")
            if "results" in answer.json():
                assert answer.json()["results"], path


def test_every_example_of_a_parameter_is_taken(
    schema: Schema, program: Caller, rows: dict[str, object]
) -> None:
    for path, method, call in operations(schema):
        for parameter in call.get("parameters", []):
            if parameter["in"] != "query":
                continue
            kind, name = parameter["schema"], parameter["name"]
            for value in kind.get("examples", []) + kind.get("enum", []) + [kind.get("default")]:
                if value is None:
                    continue
                also = {"search": "роза"} if (name, value) == ("ordering", "rank") else {}
                short = path.removeprefix("/api/v1/").format(**{**rows, "id": rows.get("messages")})

                answer = program.get(short, **{name: value}, **also)

                assert answer.status_code == 200, (method, path, name, value, answer.content)


def test_the_example_of_an_idempotency_key(program: Caller, rows: dict[str, object]) -> None:
    for status in (201, 200):
        answer = program.post("send", examples.PROPOSAL, **{"Idempotency-Key": "answer-to-1007"})

        assert answer.status_code == status


def test_the_errors_shown_are_really_said(program: Caller, rows: dict[str, object]) -> None:
    refusals = {
        "400": program.get("messages", limit=0),
        "404": program.get("sandbox/41"),
        "415": program.client.post(
            program.url("send"), b"x", content_type="text/plain", headers=program.headers()
        ),
    }
    for status, answer in refusals.items():
        assert answer.status_code == int(status)
        assert answer.json() == ERROR_EXAMPLES[status]
