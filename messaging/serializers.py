"""What the API says about messages and chats."""

from typing import Any

from rest_framework import serializers

from cvgorod_hub.api.pagination import MAX_LIMIT
from cvgorod_hub.api.parameters import MAX_DAYS, QueryParameters
from cvgorod_hub.api.rows import RowSerializer
from messaging.models import Chat, Message


class MessageRow(RowSerializer):
    id = serializers.IntegerField(help_text="The hub's own number of the message.")
    chat_id = serializers.IntegerField()
    chat_name = serializers.CharField(source="chat.name")
    user_id = serializers.IntegerField(allow_null=True, help_text="Null where a channel speaks.")
    username = serializers.CharField(source="user.username", allow_null=True)
    first_name = serializers.CharField(source="user.first_name", allow_null=True)
    role = serializers.CharField(source="user.role.role_name", allow_null=True)
    text = serializers.CharField(help_text="The text or caption; the earlier ones are in the detail.")
    transcript = serializers.CharField(help_text="What was said in a voice message, once it is known.")
    message_type = serializers.ChoiceField(choices=Message.Type.choices)
    timestamp = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)
    erased_at = serializers.DateTimeField(
        allow_null=True, help_text="When its words were erased; forget what you keep of it."
    )
    reply_to_message_id = serializers.IntegerField(
        allow_null=True, help_text="The answered message's telegram_message_id, in the same chat."
    )
    telegram_message_id = serializers.IntegerField(allow_null=True)
    is_automatic = serializers.BooleanField(help_text="A program of ours wrote it.")
    intent = serializers.CharField(source="analysis.intent", allow_null=True)
    intent_confidence = serializers.FloatField(source="analysis.confidence", allow_null=True)
    sentiment = serializers.CharField(source="analysis.sentiment", allow_null=True)
    is_urgent = serializers.BooleanField(source="analysis.is_urgent", allow_null=True)


class MessageEventData(serializers.Serializer[Any]):
    """What webhooks hear of messages (messaging/announcing.py)."""

    messages = MessageRow(many=True)
    cursor = serializers.CharField(help_text="The feed goes on from here: GET /messages?after={cursor}.")


class AnalysisRow(RowSerializer):
    """What a message means, read from the message."""

    intent = serializers.CharField(source="analysis.intent")
    sentiment = serializers.CharField(source="analysis.sentiment")
    is_urgent = serializers.BooleanField(source="analysis.is_urgent")
    entities = serializers.JSONField(source="analysis.entities")
    confidence = serializers.FloatField(source="analysis.confidence")
    source = serializers.CharField(  # type: ignore[assignment]  # a field, in spite of DRF's `source`
        source="analysis.source", help_text="pattern, model or person"
    )
    model_used = serializers.CharField(source="analysis.model_used")
    tokens_used = serializers.IntegerField(source="analysis.tokens_used")
    processing_time_ms = serializers.IntegerField(source="analysis.processing_time_ms")
    updated_at = serializers.DateTimeField(source="analysis.updated_at")


class VersionRow(RowSerializer):
    text = serializers.CharField()
    media = serializers.JSONField()
    valid_from = serializers.DateTimeField(help_text="When it was said so.")


class MessageDetail(MessageRow):
    transcript_state = serializers.ChoiceField(choices=Message.TranscriptState.choices)
    deleted_at = serializers.DateTimeField(
        allow_null=True, help_text="When the hub heard of its deletion; business chats only."
    )
    media = serializers.JSONField()


class MessageDetailBody(MessageDetail):
    """A message with all that is known of it."""

    analysis = AnalysisRow(allow_null=True)
    versions = VersionRow(many=True, help_text="What it said before, oldest first.")


class ChatRow(RowSerializer):
    id = serializers.IntegerField(help_text="Telegram's number of the chat.")
    name = serializers.CharField()
    chat_type = serializers.ChoiceField(choices=Chat.Type.choices)
    folder = serializers.CharField()
    is_active = serializers.BooleanField(help_text="The bot can write here.")
    members_count = serializers.IntegerField(allow_null=True)
    customer_ref = serializers.CharField()
    migrated_to = serializers.IntegerField(allow_null=True, help_text="The chat that continues this one.")
    last_message_at = serializers.DateTimeField(allow_null=True)
    waiting_since = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class WaitingRow(RowSerializer):
    chat_id = serializers.IntegerField(source="id")
    chat_name = serializers.CharField(source="name")
    waiting_since = serializers.DateTimeField()
    last_message_at = serializers.DateTimeField(allow_null=True)
    message_id = serializers.IntegerField(allow_null=True, help_text="The first message without an answer.")
    text = serializers.CharField(allow_null=True)
    transcript = serializers.CharField(allow_null=True)
    message_type = serializers.CharField(allow_null=True)


class ParticipantRow(RowSerializer):
    id = serializers.IntegerField()
    username = serializers.CharField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    role = serializers.CharField(source="role.role_name")
    messages_count = serializers.IntegerField(help_text="In this chat.")
    last_message_at = serializers.DateTimeField(help_text="In this chat.")


class RoleCount(serializers.Serializer[Any]):
    role = serializers.CharField(allow_null=True, help_text="Null where a channel speaks.")
    message_count = serializers.IntegerField()
    active_chats = serializers.IntegerField()
    active_users = serializers.IntegerField()


class TotalBody(serializers.Serializer[Any]):
    total_messages = serializers.IntegerField()
    days = serializers.IntegerField(allow_null=True)
    since = serializers.DateTimeField(allow_null=True)


class ByRoleBody(TotalBody):
    by_role = RoleCount(many=True)


class ContextParameters(QueryParameters):
    limit = serializers.IntegerField(
        min_value=1, max_value=MAX_LIMIT, default=20, help_text="Messages in all, this one included."
    )


class HoursParameters(QueryParameters):
    hours = serializers.IntegerField(
        min_value=1, max_value=MAX_DAYS * 24, default=24, help_text="Who began to wait within so many hours."
    )
