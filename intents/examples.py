"""Answers about what messages mean, as OpenAPI shows them."""

SUMMARY = {
    "period_days": 7,
    "total_analyzed": 1204,
    "by_intent": {"order": 702, "question": 502},
    "by_sentiment": {"neutral": 1100, "negative": 104},
}
DAILY = {"daily": [{"date": "2026-11-22", "intent": "order", "count": 96}]}
URGENT = {
    "urgent": [
        {
            "id": 1008,
            "text": "Розы завяли, срочно перезвоните!",
            "transcript": "",
            "intent": "complaint",
            "sentiment": "negative",
            "chat_id": -1001000000001,
            "chat_name": "Салон «Ромашка»",
            "timestamp": "2026-11-22T09:40:00+00:00",
            "unanswered": True,
        }
    ]
}
