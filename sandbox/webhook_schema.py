"""OpenAPI of what webhooks hear of replies."""

from typing import Any

from cvgorod_hub.api.hooks.events import Event
from cvgorod_hub.api.hooks.schema import describe_webhook
from sandbox.examples import REPLY
from sandbox.serializers import DraftEventData

# What a decided reply says; whether it is stale is asked of those that wait.
_DECIDED = {name: value for name, value in REPLY.items() if name != "is_stale"} | {
    "original_text": "Да, роза есть, 95 рублей.",
    "version": 2,
    "approved_by": "Анна",
    "approved_at": "2026-11-22T09:31:00.123456+00:00",
}


def _example(**differences: Any) -> dict[str, Any]:
    draft = {**_DECIDED, "status": differences["outcome"]}
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
