"""Bodies and answers about proposed replies, as OpenAPI shows them; a test sends and compares them."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

BATCH_ID = "6b0e0c52-5a1e-4c39-9f0e-3f1f1c9a7b11"
PROPOSAL = {
    "chat_id": -1001000000001,
    "text": "Да, роза есть, 95 рублей за штуку.",
    "context": "The client asked for the price of roses.",
    "reply_to_message_id": 4711,
}
PROPOSED = {
    "id": 42,
    "pending_id": 42,
    "chat_id": -1001000000001,
    "status": "pending",
    "version": 1,
    "created_at": "2026-11-22T09:30:00.123456+00:00",
}
BATCH = {"batch_id": BATCH_ID, "results": [PROPOSED]}
PROGRESS = {"batch_id": BATCH_ID, "total": 2, "by_status": {"pending": 1, "sent": 1}}
REPLY: dict[str, Any] = {
    "id": 42,
    "pending_id": 42,
    "chat_id": -1001000000001,
    "client_name": "Ольга",
    "response_text": "Да, роза есть, 95 рублей за штуку.",
    "original_text": "Да, роза есть, 95 рублей за штуку.",
    "context": "The client asked for the price of roses.",
    "reply_to_message_id": 4711,
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
    "created_at": "2026-11-22T09:30:00.123456+00:00",
}
_LINE = {"text_before": "", "text_after": "", "detail": ""}
_PROPOSED = {**_LINE, "kind": "proposed", "actor": "agent", "text_after": REPLY["response_text"]}


def detail(status: str, event: str, **differences: Any) -> dict[str, Any]:
    """A reply with its log, whose last line is the event."""
    log = [
        {**_PROPOSED, "created_at": "2026-11-22T09:30:00.123456+00:00"},
        {**_LINE, "kind": event, "actor": "desk", "created_at": "2026-11-22T09:31:00.123456+00:00"},
    ]
    return {**REPLY, "status": status, **differences, "diff": [], "log": log}


APPROVAL = {"approved_by": "desk", "approved_at": "2026-11-22T09:31:00.123456+00:00"}
DETAIL = detail(
    "sent", "sent", **APPROVAL, sent_at="2026-11-22T09:31:01+00:00", telegram_message_id=4712, attempts=1
)


def request(name: str, value: dict[str, Any]) -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True)


PROPOSAL_REQUEST = request("An answer to a question", PROPOSAL)
BATCH_REQUEST = request(
    "The same to several chats",
    {
        "messages": [
            {"chat_id": PROPOSAL["chat_id"], "text": "Завтра выходной, заказы принимаем сегодня до 18:00."}
        ]
    },
)
APPROVE_REQUEST = request("As it was read", {"version": 1})
EDIT_REQUEST = request("With other words", {"version": 1, "text": "Да, роза есть, 90 рублей за штуку."})
REJECT_REQUEST = request("With a reason", {"reason": "The price is from last week."})
ATTEMPT_REQUEST = request("After one attempt", {"attempts": 1})
NOTHING_REQUEST = request("Nothing to say", {})
