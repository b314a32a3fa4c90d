"""/intents."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from cvgorod_hub.api.models import Scope
from cvgorod_hub.api.parameters import DaysParameters, days_ago
from cvgorod_hub.api.renderers import JsonText
from cvgorod_hub.api.views import HubViewSet
from intents import examples
from intents.models import MessageAnalysis
from intents.overview import urgent_messages
from intents.serializers import DailyBody, SummaryBody, UrgentBody, UrgentParameters
from intents.statistics import count_by_day, count_by_intent_and_sentiment


class IntentViewSet(HubViewSet):
    required_scope = Scope.READ
    may_lag = True
    queryset = MessageAnalysis.objects.all()
    serializer_class = SummaryBody
    parameters = {"list": DaysParameters, "daily": DaysParameters, "urgent": UrgentParameters}
    answers = {"list": examples.SUMMARY, "daily": examples.DAILY, "urgent": examples.URGENT}

    @extend_schema(
        operation_id="intents_summary",
        summary="What clients meant lately",
        responses=SummaryBody(many=False),
    )
    def list(self, _request: Request) -> Response:
        """Messages count by when they were sent. Roles left out of statistics do not count."""
        days = self.read_parameters()["days"]
        chat_ids = self.key.visible_chat_ids()
        by_intent, by_sentiment = count_by_intent_and_sentiment(days_ago(days), chat_ids=chat_ids)
        return Response(
            {
                "period_days": days,
                "total_analyzed": sum(by_intent.values()),
                "by_intent": by_intent,
                "by_sentiment": by_sentiment,
            }
        )

    @extend_schema(summary="The same by day", responses=DailyBody)
    @action(detail=False)
    def daily(self, _request: Request) -> Response:
        since = days_ago(self.read_parameters()["days"])
        return Response({"daily": count_by_day(since, chat_ids=self.key.visible_chat_ids())})

    @extend_schema(summary="Urgent messages: unanswered first, then newest", responses=UrgentBody)
    @action(detail=False)
    def urgent(self, _request: Request) -> HttpResponse:
        items = urgent_messages(**self.read_parameters(), chat_ids=self.key.visible_chat_ids())
        return JsonText(f'{{"urgent":[{",".join(items)}]}}')
