"""Webhooks in OpenAPI: the rooms say what `data` holds, this says what is around it."""

from typing import Any

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiResponse,
    OpenApiWebhook,
    extend_schema,
    inline_serializer,
)
from rest_framework import serializers

from cvgorod_hub.api.hooks.events import Event

# drf-spectacular describes no headers of a webhook, so words do.
SIGNED = """\
Headers: `webhook-id` (the event's id, the same each time that it is sent), `webhook-timestamp` (when it was
sent, seconds since 1970), `webhook-signature` (one or more `v1,<base64>`, separated by spaces). Signed as
Standard Webhooks 1.0.0 says: HMAC-SHA256 of `webhook-id.webhook-timestamp.body`; for a day after a change
of the secret by both.

Answer 2xx within 10 seconds. Anything else is tried again after 10 s, 1 min, 5 min, 30 min, 2 h, 6 h and 24
h (`Retry-After` is kept); 410 pauses the webhook. An event may come more than once, and after a failure
later than younger ones: `timestamp` says when it happened.
"""


def describe_webhook(
    event: Event, *, summary: str, data: serializers.Serializer[Any], example: dict[str, Any]
) -> OpenApiWebhook:
    """The event's entry below `webhooks`; `example` is an example of its data."""
    name = "".join(part.capitalize() for part in event.value.split("."))
    body = inline_serializer(
        name=f"{name}Event",
        fields={
            "type": serializers.ChoiceField(choices=[event.value]),
            "timestamp": serializers.DateTimeField(help_text="When it happened."),
            "data": data,
        },
    )
    whole = {"type": event.value, "timestamp": "2026-11-22T09:30:00.123456+00:00", "data": example}
    return OpenApiWebhook(
        name=event.value,
        decorator=extend_schema(
            summary=summary,
            description=SIGNED,
            request={"application/json": body},
            examples=[OpenApiExample(event.value, value=whole)],
            tags=["webhooks"],
            responses={"2XX": OpenApiResponse(description="Taken.")},
        ),
    )
