"""Updates as the Bot API 10.3 documents them, envelope and all; people, shops and numbers are invented."""

from typing import Any

JSON = dict[str, Any]

DATE = 1_780_000_000
GROUP = {"id": -1002000000001, "title": "Цветы · Магазин «Пример»", "type": "supergroup"}
FORUM = {**GROUP, "id": -1002000000002, "is_forum": True}
BASIC = {
    "id": -4000000001,
    "title": "Магазин «Пример»",
    "type": "group",
    "all_members_are_administrators": True,
    "accepted_gift_types": {"unlimited_gifts": False, "limited_gifts": False, "unique_gifts": False},
}
CHANNEL = {"id": -1003000000001, "title": "Цветы оптом", "username": "example_flowers", "type": "channel"}
CLIENT = {
    "id": 5010000001,
    "is_bot": False,
    "first_name": "Тест",
    "last_name": "Ромашкина",
    "username": "test_client",
    "language_code": "ru",
    "is_premium": True,
}
OTHER = {"id": 5010000002, "is_bot": False, "first_name": "Пример"}
PRIVATE = {"id": CLIENT["id"], "first_name": "Тест", "last_name": "Ромашкина", "type": "private"}
OUR_BOT = {"id": 77, "is_bot": True, "first_name": "Хаб", "username": "example_hub_bot"}
MAILING_BOT = {"id": 6010000001, "is_bot": True, "first_name": "Рассылка", "username": "example_mail_bot"}
TELEGRAM = {"id": 777000, "is_bot": False, "first_name": "Telegram"}
ANONYMOUS = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
CHANNEL_BOT = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}
BUTTONS = {"inline_keyboard": [[{"text": "Сайт", "url": "https://example.org/"}]]}


def file(name: str = "a", **facts: Any) -> JSON:
    return {
        "file_id": f"AgACAgIAAxkBAAIB{name}",
        "file_unique_id": f"AQAD{name}",
        "file_size": 148_312,
        **facts,
    }


def picture(name: str = "a") -> list[JSON]:
    return [
        file(f"{name}-small", width=90, height=67, file_size=1_311),
        file(f"{name}-large", width=1280, height=960),
    ]


def entity(kind: str = "bold", offset: int = 0, length: int = 4) -> JSON:
    return {"type": kind, "offset": offset, "length": length}


THUMBNAIL = file("t", width=320, height=320, file_size=9_000)
CONTACT = {
    "phone_number": "+70000000000",
    "first_name": "Пётр",
    "last_name": "Пример",
    "user_id": 5010000009,
    "vcard": "BEGIN:VCARD\nVERSION:3.0\nFN:Пётр Пример\nEND:VCARD",
}
POLL = {
    "id": "5190000000000000001",
    "question": "Когда привезти?",
    "options": [
        {"persistent_id": "0", "text": "Завтра утром", "voter_count": 2},
        {"persistent_id": "1", "text": "В пятницу", "voter_count": 0},
    ],
    "total_voter_count": 2,
    "is_closed": False,
    "is_anonymous": False,
    "type": "regular",
    "allows_multiple_answers": False,
    "allows_revoting": True,
    "members_only": False,
}
CHECKLIST = {
    "title": "К открытию",
    "tasks": [
        {"id": 1, "text": "Заказать розы", "completed_by_user": CLIENT, "completion_date": DATE},
        {"id": 2, "text": "Проверить счёт", "completion_date": 0},
    ],
    "others_can_mark_tasks_as_done": True,
}
RICH = {
    "blocks": [
        {"type": "heading", "text": "Прайс на неделю", "size": 1},
        {"type": "paragraph", "text": ["Роза ", {"type": "bold", "text": "95 ₽"}, ", от ", "20 шт"]},
        {
            "type": "list",
            "items": [
                {"label": "1.", "blocks": [{"type": "paragraph", "text": "Пион"}]},
                {"label": "2.", "blocks": [{"type": "paragraph", "text": "Эустома"}]},
            ],
        },
        {
            "type": "table",
            "cells": [
                [
                    {"text": "Сорт", "is_header": True, "align": "left", "valign": "top"},
                    {"text": "Цена", "is_header": True, "align": "right", "valign": "top"},
                ],
                [
                    {"text": "Ред Наоми", "align": "left", "valign": "top"},
                    {
                        "text": {"type": "url", "text": "110", "url": "https://example.org/"},
                        "align": "right",
                        "valign": "top",
                    },
                ],
            ],
        },
        {"type": "photo", "photo": picture("r"), "caption": {"text": "Наш склад"}},
        {"type": "divider"},
    ],
}
RICH_WORDS = (
    "Прайс на неделю\nРоза 95 ₽, от 20 шт\n1. Пион\n2. Эустома\nСорт | Цена\nРед Наоми | 110\nНаш склад"
)

# kind: what stands in the message, its type here, its text, some of its media.
CONTENTS: dict[str, tuple[JSON, str, str, JSON]] = {
    "text": (
        {"text": "Роза есть?", "entities": [entity()], "link_preview_options": {"is_disabled": True}},
        "text",
        "Роза есть?",
        {},
    ),
    "photo": (
        {"photo": picture(), "caption": "Вот такие", "show_caption_above_media": True},
        "photo",
        "Вот такие",
        {"file_unique_id": "AQADa-large", "width": 1280},
    ),
    "live_photo": (
        {"live_photo": {**file("l", width=9, height=9, duration=3), "photo": picture()}, "photo": picture()},
        "photo",
        "",
        {"file_unique_id": "AQADa-large"},
    ),
    "video": (
        {
            "video": file(
                width=1920,
                height=1080,
                duration=12,
                file_name="срез.mp4",
                mime_type="video/mp4",
                thumbnail=THUMBNAIL,
                cover=picture(),
            ),
            "caption": "Срез сегодня",
        },
        "video",
        "Срез сегодня",
        {"file_name": "срез.mp4", "duration": 12},
    ),
    "video_note": (
        {"video_note": file(length=240, duration=5, thumbnail=THUMBNAIL)},
        "video_note",
        "",
        {"duration": 5},
    ),
    "voice": (
        {"voice": file(duration=17, mime_type="audio/ogg")},
        "voice",
        "",
        {"duration": 17, "mime_type": "audio/ogg", "file_id": "AgACAgIAAxkBAAIBa"},
    ),
    "audio": (
        {
            "audio": file(
                duration=200, performer="Оркестр", title="Вальс", file_name="в.mp3", mime_type="audio/mpeg"
            )
        },
        "audio",
        "",
        {"performer": "Оркестр", "title": "Вальс"},
    ),
    "document": (
        {
            "document": file(file_name="счёт 🌷.pdf", mime_type="application/pdf", thumbnail=THUMBNAIL),
            "caption": "Счёт",
        },
        "document",
        "Счёт",
        {"file_name": "счёт 🌷.pdf"},
    ),
    "sticker": (
        {
            "sticker": file(
                width=512,
                height=512,
                emoji="🌷",
                set_name="flowers",
                is_animated=False,
                is_video=False,
                type="regular",
                thumbnail=THUMBNAIL,
            )
        },
        "sticker",
        "",
        {"emoji": "🌷", "set_name": "flowers"},
    ),
    "animation": (
        {
            "animation": file(width=480, height=270, duration=4, file_name="a.mp4", mime_type="video/mp4"),
            "document": file(file_name="a.mp4", mime_type="video/mp4"),
        },
        "animation",
        "",
        {"duration": 4},
    ),
    "location": (
        {"location": {"latitude": 55.751244, "longitude": 37.618423, "horizontal_accuracy": 20.0}},
        "location",
        "",
        {"latitude": 55.751244, "longitude": 37.618423},
    ),
    "venue": (
        {
            "venue": {
                "location": {"latitude": 55.7, "longitude": 37.6},
                "title": "Склад",
                "address": "Цветочная, 1",
                "foursquare_id": "x",
            },
            "location": {"latitude": 55.7, "longitude": 37.6},
        },
        "venue",
        "Склад\nЦветочная, 1",
        {"title": "Склад", "address": "Цветочная, 1", "latitude": 55.7, "longitude": 37.6},
    ),
    "contact": (
        {"contact": CONTACT},
        "contact",
        "Пётр Пример\n+70000000000",
        {"phone_number": "+70000000000", "user_id": 5010000009, "first_name": "Пётр"},
    ),
    "poll": (
        {"poll": POLL},
        "poll",
        "Когда привезти?\n• Завтра утром\n• В пятницу",
        {"question": "Когда привезти?", "options": ["Завтра утром", "В пятницу"]},
    ),
    "dice": ({"dice": {"emoji": "🎲", "value": 3}}, "dice", "", {"emoji": "🎲", "value": 3}),
    "checklist": (
        {"checklist": CHECKLIST},
        "checklist",
        "К открытию\n☑ Заказать розы\n☐ Проверить счёт",
        {"title": "К открытию"},
    ),
    "story": ({"story": {"chat": CHANNEL, "id": 12}}, "story", "", {"chat": "Цветы оптом", "id": 12}),
    "paid_media": (
        {
            "paid_media": {
                "star_count": 5,
                "paid_media": [
                    {"type": "photo", "photo": picture("p")},
                    {"type": "preview", "width": 10, "height": 10, "duration": 3},
                ],
            },
            "caption": "Каталог",
        },
        "paid_media",
        "Каталог",
        {"star_count": 5},
    ),
    "game": (
        {"game": {"title": "Сад", "description": "Вырасти розу", "photo": picture()}},
        "game",
        "Сад\nВырасти розу",
        {"title": "Сад"},
    ),
    "invoice": (
        {
            "invoice": {
                "title": "Розы, 50 шт",
                "description": "Ред Наоми",
                "start_parameter": "x",
                "currency": "RUB",
                "total_amount": 475_000,
            }
        },
        "invoice",
        "Розы, 50 шт\nРед Наоми",
        {"currency": "RUB", "total_amount": 475_000},
    ),
    "rich_message": ({"rich_message": RICH}, "text", RICH_WORDS, {"kind": "rich_message"}),
    "new kind": (
        {"hologram": {"scent": "пион", "layers": [1, {"deep": None}]}, "text": None},
        "unknown",
        "",
        {"kind": "hologram", "content": {"scent": "пион", "layers": [1, {"deep": None}]}},
    ),
}
_NAMED = {"id": CLIENT["id"], "name": "Тест Ромашкина", "username": "test_client"}
# event: its value, what of it is kept, its text, how it reads in English.
EVENTS: dict[str, tuple[Any, JSON, str, str]] = {
    "new_chat_members": (
        [CLIENT, OTHER],
        {"members": [_NAMED, {"id": OTHER["id"], "name": "Пример"}]},
        "",
        "somebody joined: Тест Ромашкина, Пример",
    ),
    "left_chat_member": (CLIENT, {"members": [_NAMED]}, "", "somebody left: Тест Ромашкина"),
    "new_chat_title": ("Новое имя", {"value": "Новое имя"}, "", "the chat was renamed: Новое имя"),
    "pinned_message": (
        {
            "message_id": 41,
            "from": OTHER,
            "chat": GROUP,
            "date": DATE - 60,
            "photo": picture(),
            "caption": "График на праздники",
        },
        {"message_id": 41, "text": "График на праздники"},
        "",
        "a message was pinned: График на праздники",
    ),
    "new_chat_photo": (
        picture("c"),
        {"file_unique_id": "AQADc-large"},
        "",
        "the chat has a new picture",
    ),
    "delete_chat_photo": (True, {}, "", "the chat's picture was removed"),
    "group_chat_created": (True, {}, "", "the group was created"),
    "forum_topic_created": (
        {"name": "Заказы", "icon_color": 7322096},
        {"name": "Заказы"},
        "",
        "a topic was opened: Заказы",
    ),
    "forum_topic_edited": ({"name": "Возвраты"}, {"name": "Возвраты"}, "", "a topic was changed: Возвраты"),
    "forum_topic_closed": ({}, {}, "", "a topic was closed"),
    "video_chat_ended": ({"duration": 61}, {"duration": 61}, "", "a video chat ended"),
    "video_chat_participants_invited": (
        {"users": [OTHER]},
        {"members": [{"id": OTHER["id"], "name": "Пример"}]},
        "",
        "people were invited to the video chat: Пример",
    ),
    "message_auto_delete_timer_changed": (
        {"message_auto_delete_time": 86_400},
        {"message_auto_delete_time": 86_400},
        "",
        "messages will now be deleted after another time",
    ),
    "gift": (
        {"gift": {"id": "1", "sticker": file(), "star_count": 50}, "text": "Спасибо за розы!"},
        {"star_count": 50},
        "Спасибо за розы!",
        "a gift",
    ),
    "successful_payment": (
        {
            "currency": "RUB",
            "total_amount": 475_000,
            "invoice_payload": "p",
            "telegram_payment_charge_id": "t",
            "provider_payment_charge_id": "q",
        },
        {"currency": "RUB", "total_amount": 475_000},
        "",
        "a payment",
    ),
    "checklist_tasks_added": (
        {"tasks": [{"id": 3, "text": "Позвонить"}]},
        {},
        "☐ Позвонить",
        "tasks were added",
    ),
    "poll_option_added": (
        {"option_persistent_id": "2", "option_text": "В субботу"},
        {},
        "В субботу",
        "an answer was added to a poll",
    ),
}


def message(**fields: Any) -> JSON:
    """A message of the client in the supergroup, whatever else it says."""
    return {"message_id": 100, "from": CLIENT, "chat": GROUP, "date": DATE, **fields}


def update(update_id: int, kind: str, content: JSON) -> JSON:
    return {"update_id": update_id, kind: content}


def membership(update_id: int, status: str, *, date: int, chat: JSON = GROUP, **member: Any) -> JSON:
    """`my_chat_member`: somebody changed what the bot may do."""
    before = {"user": OUR_BOT, "status": "member"}
    change = {
        "chat": chat,
        "from": OTHER,
        "date": date,
        "old_chat_member": before,
        "new_chat_member": {"user": OUR_BOT, "status": status, **member},
    }
    return update(update_id, "my_chat_member", change)


def deleted(update_id: int, *message_ids: int, connection: str = "bc1") -> JSON:
    content = {"business_connection_id": connection, "chat": PRIVATE, "message_ids": list(message_ids)}
    return update(update_id, "deleted_business_messages", content)
