"""Answers about chats and messages, as OpenAPI shows them; a test holds their shape beside real ones."""

from typing import Any

MESSAGE: dict[str, Any] = {
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
    "erased_at": None,
    "edited_at": None,
    "reply_to_message_id": None,
    "telegram_message_id": 4711,
    "is_automatic": False,
    "intent": "question",
    "intent_confidence": 0.9,
    "sentiment": "neutral",
    "is_urgent": False,
}
MESSAGE_DETAIL = {
    **MESSAGE,
    "text": "Почём роза 50 см?",
    "edited_at": "2026-11-22T09:30:40+00:00",
    "transcript_state": "",
    "deleted_at": None,
    "media": {},
    "analysis": {
        "intent": "question",
        "sentiment": "neutral",
        "is_urgent": False,
        "entities": [{"name": "роза", "quantity": 50}],
        "confidence": 0.9,
        "source": "pattern",
        "model_used": "",
        "tokens_used": 0,
        "processing_time_ms": 2,
        "updated_at": "2026-11-22T09:30:41+00:00",
    },
    "versions": [{"text": "Почём роза?", "media": {}, "valid_from": "2026-11-22T09:29:58+00:00"}],
}
CONTEXT = {"next": None, "previous": None, "results": [MESSAGE]}
TOTAL = {"total_messages": 1204, "days": 7, "since": "2026-11-15T09:30:00+00:00"}
BY_ROLE = {
    **TOTAL,
    "by_role": [{"role": "client", "message_count": 1204, "active_chats": 37, "active_users": 61}],
}
CHAT = {
    "id": -1001000000001,
    "name": "Салон «Ромашка»",
    "chat_type": "supergroup",
    "folder": "Оптовые",
    "is_active": True,
    "members_count": 7,
    "customer_ref": "К-0042",
    "migrated_to": None,
    "last_message_at": "2026-11-22T09:29:58+00:00",
    "waiting_since": "2026-11-22T09:29:58+00:00",
    "created_at": "2026-01-12T07:00:00+00:00",
}
WAITING = {
    "chat_id": -1001000000001,
    "chat_name": "Салон «Ромашка»",
    "waiting_since": "2026-11-22T09:29:58+00:00",
    "last_message_at": "2026-11-22T09:29:58+00:00",
    "message_id": 1007,
    "text": "Почём роза?",
    "transcript": "",
    "message_type": "text",
}
PARTICIPANT = {
    "id": 501,
    "username": "olga",
    "first_name": "Ольга",
    "last_name": "",
    "role": "client",
    "messages_count": 214,
    "last_message_at": "2026-11-22T09:29:58+00:00",
}
ACTIVE_CLIENTS = {"active_clients": 61, "days": 7}
