"""Exports as Telegram Desktop writes them (export_output_json.cpp): plainly invented people and chats."""

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from messaging.history.importing import import_history
from messaging.history.report import ImportReport
from messaging.history.taking import ImportHooks, ImportOptions

# 2023-11-14 22:13:20 UTC.
BEGAN = 1_700_000_000
BARE = 1_234_567_890
SUPERGROUP = -1_001_234_567_890
CLIENT, MANAGER = 501, 601


def said(
    number: int, text: object = "Роза есть?", *, user: int = CLIENT, at: int | None = None, **more: Any
) -> dict[str, Any]:
    """A message; `at` in seconds after BEGAN, by default one more for each number."""
    seconds = BEGAN + (number if at is None else at)
    return {
        "id": number,
        "type": "message",
        "date": "2023-11-15T01:13:20",
        "date_unixtime": str(seconds),
        "from": f"Человек {user}",
        "from_id": f"user{user}",
        "text": text,
        **more,
    }


def chat(
    *messages: Any, kind: str = "private_supergroup", number: int = BARE, name: str | None = "Магазин"
) -> dict[str, Any]:
    return {"name": name, "type": kind, "id": number, "messages": list(messages)}


def account(*chats: dict[str, Any], left: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {
        "about": "Here is the data you requested.",
        "personal_information": {"user_id": MANAGER, "first_name": "Тест"},
        "contacts": {"about": "", "list": [{"user_id": 5, "first_name": "Кто-то"}]},
        "chats": {"about": "", "list": list(chats)},
        "left_chats": {"about": "", "list": list(left)},
    }


def write(folder: Path, export: object) -> Path:
    result = folder / "result.json"
    text = export if isinstance(export, str) else json.dumps(export, ensure_ascii=False, indent=1)
    result.write_text(text, encoding="utf-8")
    return result


def bring(
    folder: Path,
    export: object,
    *,
    hooks: ImportHooks | None = None,
    zone: str = "Europe/Moscow",
    **options: Any,
) -> ImportReport:
    """Import this export."""
    importing = ImportOptions(zone=ZoneInfo(zone), **options)
    return import_history(write(folder, export), importing, hooks or ImportHooks())
