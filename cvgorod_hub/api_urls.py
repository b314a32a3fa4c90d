"""The API's routes, put together from the rooms: `router` below /api/v1/, the rest below /api/."""

from csp.constants import SELF
from csp.decorators import csp_replace
from django.urls import re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.negotiation import DefaultContentNegotiation

from clients.api import ClientViewSet
from cvgorod_hub.api.errors import unknown_url
from cvgorod_hub.api.routers import HubRouter
from intents.api import IntentViewSet
from messaging.api.activity import ActiveClientsViewSet
from messaging.api.chats import ChatViewSet, ParticipantViewSet, UnansweredViewSet
from messaging.api.messages import ClientMessagesViewSet, MessageViewSet
from sandbox.api import BatchViewSet, PendingViewSet, SandboxViewSet, SendViewSet

router = HubRouter()
# What agents call by the thousand stands first, as Django tries one route after the other.
router.register("messages", MessageViewSet, basename="messages")
router.register("send/batch", BatchViewSet, basename="send-batch")
router.register("send", SendViewSet, basename="send")
router.register(r"clients/(?P<client_id>-?[0-9]{1,19})/messages", ClientMessagesViewSet, "client-messages")
router.register("clients/stats/active", ActiveClientsViewSet, basename="active-clients")
router.register("clients", ClientViewSet, basename="clients")
router.register(r"chats/(?P<chat_id>-?[0-9]{1,19})/participants", ParticipantViewSet, "chat-participants")
router.register("chats", ChatViewSet, basename="chats")
router.register("intents", IntentViewSet, basename="intents")
router.register("analytics/unanswered", UnansweredViewSet, basename="unanswered")
router.register("sandbox/pending", PendingViewSet, basename="sandbox-pending")
router.register("sandbox", SandboxViewSet, basename="sandbox")

# YAML; JSON with `Accept: application/json` or `?format=json`.
schema_view = SpectacularAPIView.as_view(content_negotiation_class=DefaultContentNegotiation)
# Its script has an address of its own, so none stands in the page; unlike the admin's, none makes code.
docs_view = csp_replace({"script-src": [SELF]})(SpectacularSwaggerSplitView.as_view(url_name="api-schema"))

urlpatterns = [
    re_path(r"^schema/?$", schema_view, name="api-schema"),
    re_path(r"^docs/?$", docs_view, name="api-docs"),
    re_path(r"", unknown_url, name="api-unknown"),
]
