"""What the API says about intents."""

from typing import Any

from rest_framework import serializers

from cvgorod_hub.api.pagination import MAX_LIMIT
from cvgorod_hub.api.parameters import QueryParameters
from cvgorod_hub.api.rows import RowSerializer
from intents.models import Intent, Sentiment


class SummaryBody(serializers.Serializer[Any]):
    period_days = serializers.IntegerField()
    total_analyzed = serializers.IntegerField()
    by_intent = serializers.DictField(child=serializers.IntegerField())
    by_sentiment = serializers.DictField(child=serializers.IntegerField())


class DayCount(serializers.Serializer[Any]):
    date = serializers.DateField(help_text="A day of the hub's TIME_ZONE.")
    intent = serializers.ChoiceField(choices=Intent.choices)
    count = serializers.IntegerField()


class DailyBody(serializers.Serializer[Any]):
    daily = DayCount(many=True)


class UrgentRow(RowSerializer):
    id = serializers.IntegerField(source="message_id", help_text="Of the message.")
    text = serializers.CharField(source="message.text")
    transcript = serializers.CharField(source="message.transcript")
    intent = serializers.ChoiceField(choices=Intent.choices)
    sentiment = serializers.ChoiceField(choices=Sentiment.choices)
    chat_id = serializers.IntegerField(source="message.chat_id")
    chat_name = serializers.CharField(source="message.chat.name")
    timestamp = serializers.DateTimeField(source="message.timestamp")


class UrgentItem(UrgentRow):
    unanswered = serializers.BooleanField()


class UrgentBody(serializers.Serializer[Any]):
    urgent = UrgentItem(many=True)


class UrgentParameters(QueryParameters):
    unanswered_only = serializers.BooleanField(
        default=False, help_text="true: without what has been answered already."
    )
    limit = serializers.IntegerField(min_value=1, max_value=MAX_LIMIT, default=20, help_text="At most.")
