"""/clients/stats/active: messages say who is active, so it is answered here."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from clients.models import TelegramUser
from clients.serializers import ActiveClientsBody
from cvgorod_hub.api.models import Scope
from cvgorod_hub.api.parameters import DaysParameters, days_ago
from cvgorod_hub.api.views import HubViewSet
from messaging import examples
from messaging.statistics import count_active_clients


class ActiveClientsViewSet(HubViewSet):
    required_scope = Scope.READ
    may_lag = True
    queryset = TelegramUser.objects.all()
    serializer_class = ActiveClientsBody
    parameters = {"list": DaysParameters}
    answers = {"list": examples.ACTIVE_CLIENTS}

    @extend_schema(
        operation_id="clients_stats_active_retrieve",
        summary="How many clients wrote lately",
        responses=ActiveClientsBody(many=False),
    )
    def list(self, _request: Request) -> Response:
        days = self.read_parameters()["days"]
        count = count_active_clients(days_ago(days), chat_ids=self.key.visible_chat_ids())
        return Response({"active_clients": count, "days": days})
