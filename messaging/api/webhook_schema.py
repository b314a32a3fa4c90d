"""OpenAPI of what webhooks hear of messages."""

from cvgorod_hub.api.hooks.events import Event
from cvgorod_hub.api.hooks.schema import describe_webhook
from messaging.examples import MESSAGE
from messaging.serializers import MessageEventData

MESSAGE_NEW = describe_webhook(
    Event.MESSAGE_NEW,
    summary="Messages came, were edited or transcribed: up to 100, oldest change first, each as it is now",
    data=MessageEventData(),
    example={
        "messages": [MESSAGE],
        "cursor": "WzEsNzM1LDBd",
    },
)
