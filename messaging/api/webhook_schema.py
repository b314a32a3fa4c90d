"""OpenAPI of what webhooks hear of messages."""

from cvgorod_hub.api.hooks.events import Event
from cvgorod_hub.api.hooks.schema import describe_webhook
from messaging.serializers import MessageEventData

MESSAGE_NEW = describe_webhook(
    Event.MESSAGE_NEW,
    summary="Messages came, were edited or transcribed: up to 100, oldest change first, each as it is now",
    data=MessageEventData(),
    example={
        "messages": [
            {
                "id": 1007,
                "chat_id": -1001000000001,
                "chat_name": "Салон «Ромашка»",
                "user_id": 501,
                "username": "olga",
                "first_name": "Ольга",
                "role": "client",
                "text": "Почём роза?",
                "transcript": "",
                "message_type": "text",
                "timestamp": "2026-11-22T09:29:58+00:00",
                "edited_at": None,
                "reply_to_message_id": None,
                "telegram_message_id": 4711,
                "is_automatic": False,
                "intent": "question",
                "intent_confidence": 0.9,
                "sentiment": "neutral",
                "is_urgent": False,
            }
        ],
        "cursor": "WzEsNzM1LDBd",
    },
)
