"""Answers about people, as OpenAPI shows them."""

CLIENT = {
    "id": 501,
    "username": "olga",
    "first_name": "Ольга",
    "last_name": "",
    "role": "client",
    "first_seen": "2026-01-12T07:00:00+00:00",
    "last_seen": "2026-11-22T09:29:58+00:00",
    "messages_count": 214,
}
