"""Proposing and deciding over HTTP; what the sandbox itself promises is tested in tests/sandbox."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from cvgorod_hub.api.models import ApiKey, Scope
from sandbox.models import PendingResponse, ResponseEvent, SandboxSettings
from tests.api.conftest import Caller, in_json
from tests.factories import NOW, ChatFactory, MessageFactory, ResponseFactory, make
from tests.marks import committed

Status = PendingResponse.Status


def test_a_proposal_becomes_a_draft(agent: Caller) -> None:
    chat = ChatFactory(name="Ромашка")

    answer = agent.post(
        "send",
        {
            "chat_id": chat.pk,
            "text": "  Да, роза есть.\r\n95 рублей. ",
            "context": "Спросили о цене.",
            "reply_to_message_id": 17,
            "scheduled_at": "2027-01-01T12:00:00",
            "expires_at": "2027-01-02T00:00:00Z",
        },
    )

    assert answer.status_code == 201
    draft = PendingResponse.objects.get()
    assert answer.json() == {
        "id": draft.pk,
        "pending_id": draft.pk,
        "chat_id": chat.pk,
        "status": "pending",
        "version": 1,
        "created_at": draft.created_at.isoformat(),
    }
    assert draft.response_text == "Да, роза есть.\n95 рублей."
    assert (draft.client_name, draft.context) == ("Ромашка", "Спросили о цене.")
    assert draft.reply_to_message_id == 17
    assert draft.scheduled_at.isoformat() == "2027-01-01T09:00:00+00:00"
    assert draft.expires_at.isoformat() == "2027-01-02T00:00:00+00:00"
    assert (draft.requested_by, draft.requested_by_key) == ("agent", ApiKey.objects.get())


def test_the_shortest_proposal(agent: Caller) -> None:
    chat = ChatFactory()

    assert agent.post("send", {"chat_id": chat.pk, "text": "Да"}).status_code == 201
    draft = PendingResponse.objects.get()
    assert (draft.context, draft.reply_to_message_id, draft.scheduled_at) == ("", None, None)
    assert draft.expires_at is not None
    assert abs(draft.expires_at - draft.created_at - timedelta(hours=72)) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": " \n\t "}, "text"),
        ({"text": "я" * 4097}, "text"),
        ({"text": "💐" * 4097}, "text"),
        ({"text": "a\x00b"}, "text"),
        ({"text": None}, "text"),
        ({"text": 5}, "text"),
        ({"text": ["a"]}, "text"),
        ({"chat_id": "x"}, "chat_id"),
        ({"chat_id": None}, "chat_id"),
        ({"chat_id": 2**63}, "chat_id"),
        ({"chat_id": -(2**63) - 1}, "chat_id"),
        ({"chat_id": 1.5}, "chat_id"),
        ({"context": "x" * 20_001}, "context"),
        ({"context": "\x00"}, "context"),
        ({"context": 5.5e300}, None),
        ({"reply_to_message_id": 0}, "reply_to_message_id"),
        ({"reply_to_message_id": "x"}, "reply_to_message_id"),
        ({"scheduled_at": "tomorrow"}, "scheduled_at"),
        ({"scheduled_at": 1234567890}, "scheduled_at"),
        ({"scheduled_at": "2027-01-02T10:00:00\x00"}, "scheduled_at"),
        ({"expires_at": "0001-01-01"}, "expires_at"),
        ({"scheduled_at": "2027-01-02", "expires_at": "2027-01-01"}, "expires_at"),
        ({"scheduld_at": "2027-01-02"}, "scheduld_at"),
    ],
)
def test_what_cannot_be_proposed_is_a_400_that_names_the_field(
    agent: Caller, changes: dict[str, object], field: str | None
) -> None:
    body = {"chat_id": ChatFactory().pk, "text": "Да", **changes}

    answer = agent.post("send", body)

    if field is None:
        assert answer.status_code == 201
        return
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {field}
    assert field in answer.json()["detail"]
    assert not PendingResponse.objects.exists()


def test_what_is_missing_is_named(agent: Caller) -> None:
    answer = agent.post("send", {})

    assert answer.json() == {
        "detail": "chat_id: This field is required. text: This field is required.",
        "errors": {"chat_id": ["This field is required."], "text": ["This field is required."]},
    }


@pytest.mark.parametrize("text", ["я" * 4096, "💐" * 4096, " " * 50 + "я" * 4096])
def test_four_thousand_and_ninety_six_characters_are_a_message(agent: Caller, text: str) -> None:
    assert agent.post("send", {"chat_id": ChatFactory().pk, "text": text}).status_code == 201


def test_half_a_character_is_refused(agent: Caller) -> None:
    raw = b'{"chat_id": %d, "text": "\\ud83d"}' % ChatFactory().pk

    answer = agent.client.post(
        agent.url("send"), raw, content_type="application/json", headers=agent.headers()
    )

    assert answer.status_code == 400
    assert "detail" in answer.json()


def test_an_unknown_chat_is_a_404(agent: Caller) -> None:
    answer = agent.post("send", {"chat_id": -42, "text": "Да"})

    assert answer.status_code == 404
    assert answer.json() == {"detail": "There is no chat -42."}


def test_an_unreachable_chat_is_a_409(agent: Caller) -> None:
    chat = ChatFactory(is_active=False, unreachable_reason="It was kicked.")

    answer = agent.post("send", {"chat_id": chat.pk, "text": "Да"})

    assert answer.status_code == 409
    assert answer.json() == {
        "detail": f"The bot cannot write to the chat {chat.pk}. It was kicked.",
        "code": "chat_unreachable",
    }


def test_the_same_key_and_body_is_the_same_draft(agent: Caller) -> None:
    body = {"chat_id": ChatFactory().pk, "text": "Да"}

    first = agent.post("send", body, **{"Idempotency-Key": "k1"})
    again = agent.post("send", body, **{"Idempotency-Key": "k1"})
    other = agent.post("send", body, **{"Idempotency-Key": "k2"})

    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 201)
    assert again.json() == first.json()
    assert other.json()["id"] != first.json()["id"]
    assert PendingResponse.objects.count() == 2


def test_the_same_key_with_another_body_is_a_409(agent: Caller) -> None:
    body = {"chat_id": ChatFactory().pk, "text": "Да"}
    first = agent.post("send", body, **{"Idempotency-Key": "k1"}).json()

    answer = agent.post("send", {**body, "text": "Нет"}, **{"Idempotency-Key": "k1"})

    assert answer.status_code == 409
    assert answer.json() == {
        "detail": f"This idempotency key was used for another reply ({first['id']}).",
        "code": "idempotency_conflict",
    }
    assert PendingResponse.objects.count() == 1


def test_an_idempotency_key_belongs_to_its_api_key(agent: Caller, caller: Callable[..., Caller]) -> None:
    body = {"chat_id": ChatFactory().pk, "text": "Да"}
    agent.post("send", body, **{"Idempotency-Key": "k1"})

    answer = caller(Scope.PROPOSE, name="another").post("send", body, **{"Idempotency-Key": "k1"})

    assert answer.status_code == 201


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_an_idempotency_key_has_a_length(agent: Caller, key: str) -> None:
    body = {"chat_id": ChatFactory().pk, "text": "Да"}

    answer = agent.post("send", body, **{"Idempotency-Key": key})

    assert answer.status_code == 400
    assert answer.json()["errors"] == {"Idempotency-Key": ["Has 1 to 255 characters."]}


@pytest.mark.parametrize("key", ["ключ", "a\x00b", "\udc80", "a\tb", "\xff"], ids=ascii)
def test_an_idempotency_key_that_servers_read_differently_is_refused(agent: Caller, key: str) -> None:
    answer = agent.post("send", {"chat_id": ChatFactory().pk, "text": "Да"}, **{"Idempotency-Key": key})

    sentence = "Holds something else than printable ASCII characters."
    assert (answer.status_code, answer.json()["errors"]) == (400, {"Idempotency-Key": [sentence]})
    assert not PendingResponse.objects.exists()


def test_a_batch(agent: Caller) -> None:
    first, second = ChatFactory(), ChatFactory()

    answer = agent.post(
        "send/batch",
        {"messages": [{"chat_id": first.pk, "text": "Раз"}, {"chat_id": second.pk, "text": "Два"}]},
    )

    assert answer.status_code == 201
    body = answer.json()
    assert [row["chat_id"] for row in body["results"]] == [first.pk, second.pk]
    drafts = PendingResponse.objects.order_by("send_order")
    assert [draft.pk for draft in drafts] == [row["id"] for row in body["results"]]
    assert {draft.batch_id for draft in drafts} == {uuid.UUID(body["batch_id"])}


@pytest.mark.parametrize("empty", ["", " "])
def test_a_batch_is_all_or_nothing(agent: Caller, empty: str) -> None:
    chat = ChatFactory()
    good = {"chat_id": chat.pk, "text": "Да"}

    unreadable = agent.post("send/batch", {"messages": [good, {"chat_id": chat.pk, "text": empty}]})
    unknown = agent.post("send/batch", {"messages": [good, {"chat_id": -42, "text": "Да"}]})

    assert unreadable.status_code == 400
    assert unreadable.json() == {
        "detail": "messages.1.text: The text is empty.",
        "errors": {"messages.1.text": ["The text is empty."]},
    }
    assert unknown.status_code == 404
    assert not PendingResponse.objects.exists()


@pytest.mark.parametrize("count", [0, 301])
def test_a_batch_has_one_to_three_hundred(agent: Caller, count: int) -> None:
    good = {"chat_id": ChatFactory().pk, "text": "Да"}

    answer = agent.post("send/batch", {"messages": [good] * count})

    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"messages"}
    assert not PendingResponse.objects.exists()


def test_three_hundred_of_the_longest_fit(agent: Caller) -> None:
    longest = {"chat_id": ChatFactory().pk, "text": "я" * 4096}

    assert agent.post("send/batch", {"messages": [longest] * 300}).status_code == 201
    assert PendingResponse.objects.count() == 300


def test_the_same_key_and_batch_is_the_same_batch(agent: Caller) -> None:
    chat = ChatFactory()
    body = {"messages": [{"chat_id": chat.pk, "text": "Да"}, {"chat_id": chat.pk, "text": "Нет"}]}

    first = agent.post("send/batch", body, **{"Idempotency-Key": "k1"})
    again = agent.post("send/batch", body, **{"Idempotency-Key": "k1"})
    other = agent.post("send/batch", {"messages": body["messages"][:1]}, **{"Idempotency-Key": "k1"})

    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert again.json() == first.json()
    assert PendingResponse.objects.count() == 2


@pytest.mark.parametrize("order", [("send", "send/batch"), ("send/batch", "send")])
def test_a_batch_of_one_is_not_the_reply_by_itself(agent: Caller, order: tuple[str, str]) -> None:
    reply = {"chat_id": ChatFactory().pk, "text": "Да"}
    bodies = {"send": reply, "send/batch": {"messages": [reply]}}

    answers = [agent.post(path, bodies[path], **{"Idempotency-Key": "k1"}) for path in order]

    assert [answer.status_code for answer in answers] == [201, 409]
    assert PendingResponse.objects.count() == 1


def test_a_batch_is_followed_and_taken_back(agent: Caller) -> None:
    chats = make(ChatFactory, 3)
    body = {"messages": [{"chat_id": chat.pk, "text": "Да"} for chat in chats]}
    batch_id = agent.post("send/batch", body).json()["batch_id"]
    sent, approved, _waiting = PendingResponse.objects.order_by("id")
    PendingResponse.objects.filter(pk=sent.pk).update(status=Status.SENT)
    PendingResponse.objects.filter(pk=approved.pk).update(status=Status.APPROVED)

    before = agent.get(f"send/batch/{batch_id}").json()
    after = agent.post(f"send/batch/{batch_id}/cancel").json()

    assert before == {
        "batch_id": batch_id,
        "total": 3,
        "by_status": {"sent": 1, "approved": 1, "pending": 1},
    }
    assert after == {"batch_id": batch_id, "total": 3, "by_status": {"sent": 1, "cancelled": 2}}
    assert list(approved.events.values_list("kind", flat=True)) == ["proposed", "withdrawn"]


def test_the_batch_of_another_agent_is_a_404(agent: Caller, caller: Callable[..., Caller]) -> None:
    body = {"messages": [{"chat_id": ChatFactory().pk, "text": "Да"}]}
    batch_id = agent.post("send/batch", body).json()["batch_id"]
    stranger = caller(Scope.PROPOSE, name="another")

    assert stranger.get(f"send/batch/{batch_id}").status_code == 404
    assert stranger.post(f"send/batch/{batch_id}/cancel").status_code == 404
    assert PendingResponse.objects.get().status == Status.PENDING


def test_while_proposals_are_paused_the_agent_is_told_so(agent: Caller) -> None:
    SandboxSettings.objects.update(is_paused=True, pause_note="Инвентаризация до 15:00.")
    body = {"chat_id": ChatFactory().pk, "text": "Да"}

    answer = agent.post("send", body)
    batch = agent.post("send/batch", {"messages": [body]})

    assert (answer.status_code, batch.status_code) == (409, 409)
    assert answer.json() == {
        "detail": "Proposals are paused. Инвентаризация до 15:00.",
        "code": "proposals_paused",
    }
    assert not PendingResponse.objects.exists()


def test_a_chat_without_replies_of_the_agent_is_a_409(agent: Caller) -> None:
    chat = ChatFactory(reply_mode="off")

    answer = agent.post("send", {"chat_id": chat.pk, "text": "Да"})

    assert (answer.status_code, answer.json()["code"]) == (409, "chat_closed_to_proposals")
    assert not PendingResponse.objects.exists()


def test_the_agent_learns_what_became_of_its_words(agent: Caller, reviewer: Caller) -> None:
    draft = ResponseFactory(response_text="Роза есть.")
    reviewer.post(f"sandbox/{draft.pk}/approve", {"text": "Роза есть, 95 рублей."})

    seen = reviewer.get(f"sandbox/{draft.pk}").json()

    assert (seen["original_text"], seen["response_text"]) == ("Роза есть.", "Роза есть, 95 рублей.")
    assert seen["diff"] == [
        {"operation": "equal", "text": "Роза есть"},
        {"operation": "insert", "text": ", 95 рублей"},
        {"operation": "equal", "text": "."},
    ]
    assert [(entry["kind"], entry["text_before"], entry["text_after"]) for entry in seen["log"]] == [
        ("edited", "Роза есть.", "Роза есть, 95 рублей."),
        ("approved", "", "Роза есть, 95 рублей."),
    ]


@pytest.mark.parametrize("call", ["retry", "mark-sent"])
def test_a_word_about_an_older_attempt_is_a_409(reviewer: Caller, call: str) -> None:
    draft = ResponseFactory(status="unknown", attempts=2, claimed_at=timezone.now())

    assert reviewer.post(f"sandbox/{draft.pk}/{call}", {"attempts": 1}).status_code == 409
    assert reviewer.post(f"sandbox/{draft.pk}/{call}", {"attempts": 2}).status_code == 200


def test_an_approval_can_name_the_time(reviewer: Caller) -> None:
    draft = ResponseFactory()

    answer = reviewer.post(f"sandbox/{draft.pk}/approve", {"scheduled_at": "2027-03-08T09:00:00+03:00"})

    assert (answer.status_code, answer.json()["scheduled_at"]) == (
        200,
        "2027-03-08T06:00:00+00:00",
    )


def row_of(draft: PendingResponse) -> dict[str, object]:
    return {
        "id": draft.pk,
        "pending_id": draft.pk,
        "chat_id": draft.chat_id,
        "client_name": "",
        "response_text": "Да, роза есть, 95 рублей.",
        "original_text": "Да, роза есть, 95 рублей.",
        "context": "",
        "reply_to_message_id": None,
        "status": "pending",
        "version": 1,
        "is_stale": False,
        "requested_by": "agent",
        "approved_by": "",
        "approved_at": None,
        "rejected_reason": "",
        "batch_id": None,
        "scheduled_at": None,
        "expires_at": None,
        "sent_at": None,
        "telegram_message_id": None,
        "attempts": 0,
        "last_error": "",
        "created_at": in_json(draft.created_at),
    }


def test_pending_is_oldest_first(reader: Caller) -> None:
    first, second = ResponseFactory(), ResponseFactory()
    ResponseFactory(status=Status.SENT)

    page = reader.get("sandbox/pending", limit=1).json()

    assert page["results"] == [row_of(first)]
    assert reader.follow(page["next"]).json()["results"] == [row_of(second)]


def test_one_reply_with_its_log(agent: Caller) -> None:
    proposed = agent.post("send", {"chat_id": ChatFactory().pk, "text": "Да"}).json()

    body = agent.get(f"sandbox/{proposed['id']}").json()

    event = ResponseEvent.objects.get()
    assert body["response_text"] == "Да"
    assert body["log"] == [
        {
            "kind": "proposed",
            "actor": "agent",
            "text_before": "",
            "text_after": "Да",
            "detail": "",
            "created_at": event.created_at.isoformat(),
        }
    ]
    assert agent.get("sandbox/999999").status_code == 404


def test_approve(reviewer: Caller) -> None:
    draft = ResponseFactory()

    answer = reviewer.post(f"sandbox/{draft.pk}/approve")

    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["approved_by"], body["version"]) == ("approved", "reviewer", 1)
    assert body["approved_at"] is not None
    assert [event["kind"] for event in body["log"]] == ["approved"]


def test_approve_another_text(reviewer: Caller) -> None:
    draft = ResponseFactory()

    body = reviewer.post(f"sandbox/{draft.pk}/approve", {"version": 1, "text": " Роза по 90. "}).json()

    assert body["status"] == "approved"
    assert (body["response_text"], body["original_text"]) == ("Роза по 90.", "Да, роза есть, 95 рублей.")
    assert body["version"] == 2
    assert [event["kind"] for event in body["log"]] == ["edited", "approved"]


def test_approving_a_version_that_is_no_more_is_a_409(reviewer: Caller) -> None:
    draft = ResponseFactory(version=3)

    answer = reviewer.post(f"sandbox/{draft.pk}/approve", {"version": 2})

    assert answer.status_code == 409
    assert answer.json()["code"] == "conflict"
    draft.refresh_from_db()
    assert draft.status == Status.PENDING


def test_a_second_approval_is_a_409_that_names_who_was_first(reviewer: Caller) -> None:
    draft = ResponseFactory()
    reviewer.post(f"sandbox/{draft.pk}/approve")

    answer = reviewer.post(f"sandbox/{draft.pk}/approve")

    assert answer.status_code == 409
    assert "reviewer" in answer.json()["detail"]
    assert ResponseEvent.objects.count() == 1


@pytest.mark.parametrize("path", ["approve", "reject", "cancel", "retry", "mark-sent"])
def test_deciding_on_no_reply_is_a_404(reviewer: Caller, path: str) -> None:
    for number in ("999999", "9999999999999999999"):
        answer = reviewer.post(f"sandbox/{number}/{path}")

        assert answer.status_code == 404
        assert answer.json() == {"detail": "There is no such reply."}


def test_reject_with_a_reason(reviewer: Caller) -> None:
    draft = ResponseFactory()

    body = reviewer.post(f"sandbox/{draft.pk}/reject", {"reason": " Цена не та. "}).json()

    assert (body["status"], body["rejected_reason"]) == ("rejected", "Цена не та.")


def test_reject_without_a_reason(reviewer: Caller) -> None:
    assert reviewer.post(f"sandbox/{ResponseFactory().pk}/reject").json()["status"] == "rejected"


@pytest.mark.parametrize(
    ("path", "start", "end"),
    [
        ("cancel", Status.APPROVED, "cancelled"),
        ("retry", Status.FAILED, "approved"),
        ("retry", Status.UNKNOWN, "approved"),
        ("mark-sent", Status.UNKNOWN, "sent"),
    ],
)
def test_other_decisions(reviewer: Caller, path: str, start: str, end: str) -> None:
    draft = ResponseFactory(status=start, claimed_at=NOW)

    answer = reviewer.post(f"sandbox/{draft.pk}/{path}", {})

    assert answer.status_code == 200
    assert answer.json()["status"] == end


@pytest.mark.parametrize("path", ["approve", "reject", "cancel", "retry", "mark-sent"])
def test_what_was_sent_stays_sent(reviewer: Caller, path: str) -> None:
    draft = ResponseFactory(status=Status.SENT)

    answer = reviewer.post(f"sandbox/{draft.pk}/{path}")

    assert answer.status_code == 409
    draft.refresh_from_db()
    assert draft.status == Status.SENT
    assert not ResponseEvent.objects.exists()


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("approve", {"version": "x"}, "version"),
        ("approve", {"version": 2**40}, "version"),
        ("approve", {"text": " "}, "text"),
        ("approve", {"confirm_stale": "perhaps"}, "confirm_stale"),
        ("approve", {"confirm": True}, "confirm"),
        ("reject", {"reason": "x" * 2001}, "reason"),
        ("cancel", {"reason": "x"}, "reason"),
    ],
)
def test_an_unreadable_decision_decides_nothing(
    reviewer: Caller, path: str, body: dict[str, object], field: str
) -> None:
    draft = ResponseFactory()

    answer = reviewer.post(f"sandbox/{draft.pk}/{path}", body)

    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {field}
    draft.refresh_from_db()
    assert draft.status == Status.PENDING


@committed
def test_a_stale_draft_needs_a_second_yes(reviewer: Caller) -> None:
    draft = ResponseFactory()
    MessageFactory(chat=draft.chat, timestamp=timezone.now() + timedelta(seconds=1), text="Уже не надо")

    assert reviewer.get("sandbox/pending").json()["results"][0]["is_stale"] is True
    refused = reviewer.post(f"sandbox/{draft.pk}/approve")
    confirmed = reviewer.post(f"sandbox/{draft.pk}/approve", {"confirm_stale": True})

    assert refused.status_code == 409
    assert refused.json() == {
        "detail": "The conversation went on after this reply was proposed. Read it and confirm.",
        "code": "stale",
    }
    assert confirmed.status_code == 200
    assert confirmed.json()["status"] == "approved"
