"""An export that comes in while the collector takes the same messages: one row each, and all of them news."""

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection

from bots import updates
from bots.models import RawUpdate, TelegramBot
from bots.raw_updates import store_updates
from bots.updates import parse_all_waiting_updates
from messaging.models import Chat, Message
from tests.bots.realistic import JSON
from tests.marks import committed
from tests.messaging.exports import BARE, BEGAN, SUPERGROUP, bring, chat, said

pytestmark = committed

BOT_ID = 77
MESSAGES = range(1, 121)


def words(number: int) -> str:
    """Every other message is like its neighbours."""
    return "+" if number % 2 else f"Слово {number}"


def collected(number: int, place: JSON) -> JSON:
    sender = {"id": 500 + number % 3, "first_name": "Тест"}
    facts = {"message_id": number, "date": BEGAN + number // 9, "chat": place, "from": sender}
    return {"update_id": number, "message": {**facts, "text": words(number)}}


@pytest.mark.parametrize(
    ("kind", "bare", "place"),
    [
        ("private_group", 555, {"id": -555, "type": "group", "title": "Магазин"}),
        ("private_supergroup", BARE, {"id": SUPERGROUP, "type": "supergroup", "title": "Магазин"}),
    ],
)
def test_every_message_is_there_once_and_is_news(
    kind: str, bare: int, place: JSON, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updates, "PARSE_BATCH", 7)
    TelegramBot.objects.create(id=BOT_ID)
    export = [said(n, words(n), at=n // 9, user=500 + n % 3) for n in MESSAGES]
    ended: list[str] = []

    def collect() -> None:
        for number in MESSAGES:
            store_updates(bot_id=BOT_ID, raw=[collected(number, place)])
            if number % 5 == 0:
                parse_all_waiting_updates(bot_id=BOT_ID)

    def bring_in() -> None:
        bring(tmp_path, chat(*export, kind=kind, number=bare), batch_size=9)

    def to_its_end(work: Callable[[], None]) -> None:
        try:
            work()
            ended.append("well")
        finally:
            connection.close()

    workers = [threading.Thread(target=to_its_end, args=[work]) for work in (collect, bring_in)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert ended == ["well", "well"]
    assert Counter(RawUpdate.objects.values_list("parse_state", flat=True)) == {"parsed": len(MESSAGES)}
    assert Counter(Message.objects.values_list("source", flat=True)) == {"telegram": len(MESSAGES)}
    waiting_since = Chat.objects.get().waiting_since
    assert waiting_since is not None
    assert waiting_since.timestamp() == BEGAN
