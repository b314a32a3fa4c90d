"""OpenAPI of what webhooks hear of replies."""

from typing import Any

from cvgorod_hub.api.hooks.events import Event
from cvgorod_hub.api.hooks.schema import describe_webhook
from sandbox.serializers import DraftEventData


def _example(**differences: Any) -> dict[str, Any]:
    draft: dict[str, Any] = {
        "id": 42,
        "pending_id": 42,
        "chat_id": -1001000000001,
        "client_name": "Салон «Ромашка»",
        "response_text": "Да, роза есть, 95 рублей за штуку.",
        "original_text": "Да, роза есть, 95 рублей.",
        "context": "The client asked for the price of roses.",
        "reply_to_message_id": 4711,
        "status": differences["outcome"],
        "version": 2,
        "requested_by": "agent",
        "approved_by": "Анна",
        "approved_at": "2026-11-22T09:29:00+00:00",
        "rejected_reason": "",
        "batch_id": None,
        "scheduled_at": None,
        "expires_at": "2026-11-25T09:00:00+00:00",
        "sent_at": None,
        "telegram_message_id": None,
        "attempts": 0,
        "last_error": "",
        "created_at": "2026-11-22T09:00:00+00:00",
    }
    return {"draft": draft, "is_edited": True, "by": "Анна", "detail": "", "log_id": 107, **differences}


DRAFT_DECIDED = describe_webhook(
    Event.DRAFT_DECIDED,
    summary="A reply was approved, rejected, cancelled or has expired",
    data=DraftEventData(),
    example=_example(outcome="approved"),
)
DRAFT_SENT = describe_webhook(
    Event.DRAFT_SENT,
    summary="A reply arrived in its chat",
    data=DraftEventData(),
    example=_example(outcome="sent", by="hub"),
)
DRAFT_FAILED = describe_webhook(
    Event.DRAFT_FAILED,
    summary="A reply could not be sent",
    data=DraftEventData(),
    example=_example(outcome="failed", by="hub", detail="Forbidden: bot was kicked from the group chat"),
)
DRAFT_UNKNOWN = describe_webhook(
    Event.DRAFT_UNKNOWN,
    summary="It is not known whether a reply was sent; a person finds out, and another event follows",
    data=DraftEventData(),
    example=_example(outcome="unknown", by="hub"),
)
