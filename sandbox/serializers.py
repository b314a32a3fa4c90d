"""What the API takes and says about proposed replies."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from cvgorod_hub.api.filters import BIGINT, TEXT_SCHEMA
from cvgorod_hub.api.parameters import MomentField, StrictSerializer
from cvgorod_hub.api.rows import RowSerializer
from sandbox.errors import InvalidTextError
from sandbox.models import PendingResponse
from sandbox.proposals import MAX_BATCH
from sandbox.texts import MAX_REASON_LENGTH, MAX_TEXT_LENGTH, clean_text

MAX_CONTEXT_LENGTH = 20_000
MAX_IDEMPOTENCY_KEY_LENGTH = 255


@extend_schema_field({**TEXT_SCHEMA, "maxLength": MAX_TEXT_LENGTH})
class ReplyTextField(serializers.CharField):
    """What may be sent as one message; the limit counts Unicode code points after trimming."""

    def __init__(self, **options: Any) -> None:
        # DRF itself refuses "", before `to_internal_value`, so it has to use the same words.
        super().__init__(trim_whitespace=False, error_messages={"blank": _("The text is empty.")}, **options)

    def to_internal_value(self, data: object) -> str:
        if not isinstance(data, str):
            raise ValidationError("Not a text.")
        try:
            return clean_text(data)
        except InvalidTextError as error:
            raise ValidationError(str(error)) from None


class ProposalBody(StrictSerializer):
    """A reply that waits for a person once it is taken."""

    chat_id = serializers.IntegerField(
        min_value=-BIGINT, max_value=BIGINT - 1, help_text="Where it goes, as `chat_id` of a message says."
    )
    text = ReplyTextField(help_text=f"1 to {MAX_TEXT_LENGTH} characters, sent as they are.")
    context = serializers.CharField(  # type: ignore[assignment]  # a field, in spite of DRF's `context`
        default="",
        allow_blank=True,
        max_length=MAX_CONTEXT_LENGTH,
        help_text="Why this reply, for the manager.",
    )
    reply_to_message_id = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=BIGINT - 1,
        help_text="The telegram_message_id that it answers.",
    )
    scheduled_at = MomentField(required=False, allow_null=True, help_text="Not to be sent before.")
    expires_at = MomentField(required=False, allow_null=True, help_text="Not worth approving after.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        scheduled_at, expires_at = attrs.get("scheduled_at"), attrs.get("expires_at")
        if scheduled_at and expires_at and expires_at <= scheduled_at:
            raise ValidationError({"expires_at": "Is not after scheduled_at."})
        return attrs


class BatchBody(StrictSerializer):
    """Replies that are taken all together or not at all."""

    messages: Any = serializers.ListSerializer(child=ProposalBody(), min_length=1, max_length=MAX_BATCH)


class ProposedRow(serializers.Serializer[Any]):
    """A draft as it was taken."""

    id = serializers.IntegerField()
    pending_id = serializers.IntegerField(help_text="The same as id.")
    chat_id = serializers.IntegerField(help_text="Where it will go: the id of a chat that moved is followed.")
    status = serializers.ChoiceField(choices=PendingResponse.Status.choices)
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()

    @staticmethod
    def of(response: PendingResponse) -> dict[str, Any]:
        return {
            "id": response.pk,
            "pending_id": response.pk,
            "chat_id": response.chat_id,
            "status": response.status,
            "version": response.version,
            "created_at": response.created_at,
        }


class BatchResult(serializers.Serializer[Any]):
    batch_id = serializers.UUIDField()
    results = ProposedRow(many=True, help_text="In the order given.")


class BatchProgressRow(serializers.Serializer[Any]):
    batch_id = serializers.UUIDField()
    total = serializers.IntegerField()
    by_status = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="State to number of replies; states without any are left out.",
    )


class ResponseRow(RowSerializer):
    id = serializers.IntegerField(help_text="The hub's own number of the reply.")
    pending_id = serializers.IntegerField(source="pk", help_text="The same as id.")
    chat_id = serializers.IntegerField()
    client_name = serializers.CharField()
    response_text = serializers.CharField(help_text="The reply as it stands, or as it was sent.")
    original_text = serializers.CharField(help_text="As it was proposed.")
    context = serializers.CharField()  # type: ignore[assignment]  # as above
    reply_to_message_id = serializers.IntegerField(allow_null=True)
    status = serializers.ChoiceField(choices=PendingResponse.Status.choices)
    version = serializers.IntegerField(help_text="Counts the texts; an approval may name the one it saw.")
    is_stale = serializers.BooleanField(help_text="The chat moved on since the reply was proposed.")
    requested_by = serializers.CharField()
    approved_by = serializers.CharField()
    approved_at = serializers.DateTimeField(allow_null=True)
    rejected_reason = serializers.CharField()
    batch_id = serializers.UUIDField(allow_null=True)
    scheduled_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    sent_at = serializers.DateTimeField(allow_null=True)
    telegram_message_id = serializers.IntegerField(allow_null=True)
    attempts = serializers.IntegerField(help_text="How often sending it was begun.")
    last_error = serializers.CharField()
    created_at = serializers.DateTimeField()


class AnnouncedDraft(ResponseRow):
    """A reply as webhooks tell it: without a judgement of the conversation around it."""

    is_stale = None  # type: ignore[assignment]  # DRF's way to leave a field out


class DraftEventData(serializers.Serializer[Any]):
    """What webhooks hear of a reply (sandbox/announcing.py)."""

    draft = AnnouncedDraft(help_text="The reply as it was then.")
    outcome = serializers.ChoiceField(choices=PendingResponse.Status.choices)
    is_edited = serializers.BooleanField(help_text="A person changed the words that were proposed.")
    by = serializers.CharField(help_text="Who decided: the account, the key's name, or hub.")
    detail = serializers.CharField(help_text="The reason for a rejection, the error of a send.")
    log_id = serializers.IntegerField(
        help_text="Grows with each move: of two events the later one is larger."
    )


class EventRow(RowSerializer):
    kind = serializers.CharField()
    actor = serializers.CharField(source="actor_name", help_text="The account, or the key's name.")
    text_before = serializers.CharField()
    text_after = serializers.CharField()
    detail = serializers.CharField()
    created_at = serializers.DateTimeField()


class DiffSegment(serializers.Serializer[Any]):
    operation = serializers.ChoiceField(choices=["equal", "insert", "delete"])
    text = serializers.CharField()


class ResponseDetail(ResponseRow):
    diff = DiffSegment(
        many=True,
        help_text="From the agent's words to the reply as it stands; empty where they are the same.",
    )
    log = EventRow(many=True, help_text="What became of it, oldest first.")


class ApprovalBody(StrictSerializer):
    """Nothing approves the reply as it stands."""

    version = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=2**31 - 1,
        help_text="The version that was read; another one now is a 409.",
    )
    text = ReplyTextField(required=False, allow_null=True, help_text="Send this instead.")
    confirm_stale = serializers.BooleanField(
        default=False, help_text="Yes, although the conversation went on."
    )
    scheduled_at = MomentField(
        required=False, allow_null=True, help_text="Send it not before; null is now, left out is as proposed."
    )


class RejectionBody(StrictSerializer):
    """Nothing rejects without a reason."""

    reason = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=MAX_REASON_LENGTH,
        help_text="For the agent, which reads it as `rejected_reason`.",
    )


class AttemptBody(StrictSerializer):
    """Nothing decides on the reply as it stands."""

    attempts = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=2**31 - 1,
        help_text="The number of attempts that was read; another one since then is a 409.",
    )


class EmptyBody(StrictSerializer):
    """Nothing, or {}."""
