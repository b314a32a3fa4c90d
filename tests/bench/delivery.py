"""600 approved replies to 100 groups, by two real workers, against the limits' own bound.

The bound: Telegram takes 30 messages a second, so the last of 600 arrives 599/30 seconds after the first.
"""

import tempfile
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

from django.utils import timezone

from bots.simulator import SimulatedTelegram
from bots.simulator.state import SentMessage
from messaging.models import Chat
from sandbox.models import PendingResponse
from sandbox.tasks import deliver_due_responses
from tests.bench.rows import Goal, Row
from tests.e2e.processes import Processes, wait_for

GROUPS, REPLIES, PER_SECOND = 100, 600, 30
BOUND_SECONDS = (REPLIES - 1) / PER_SECOND


def measure() -> list[Row]:
    with SimulatedTelegram() as telegram, tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        approve_all(telegram)
        workers = Processes(
            Path(folder),
            TELEGRAM_API_URL=telegram.url,
            TELEGRAM_BOT_TOKEN=telegram.token,
            SANDBOX_TRANSPORT="bots.transport.TelegramTransport",
        )
        try:
            for _ in range(2):
                workers.worker()
            workers.beat()
            wait_for(lambda: telegram.sent_messages)
            wait_for(lambda: is_over() or None, seconds=300)
        finally:
            workers.close()
        return judge(telegram.sent_messages)


def approve_all(telegram: SimulatedTelegram) -> None:
    now = timezone.now()
    for number in range(GROUPS):
        chat_id = -1_000_000 - number
        telegram.add_chat(chat_id, title=f"Группа {number}")
        Chat.objects.create(pk=chat_id, name=f"Группа {number}", chat_type="supergroup")
    PendingResponse.objects.bulk_create(
        PendingResponse(
            chat_id=-1_000_000 - place % GROUPS,
            response_text=f"Ответ {place}",
            original_text=f"Ответ {place}",
            requested_by="bench",
            status="approved",
            approved_at=now,
        )
        for place in range(REPLIES)
    )
    deliver_due_responses.delay()


def is_over() -> bool:
    return not PendingResponse.objects.filter(status__in=("approved", "sending")).exists()


def judge(sent: list[SentMessage]) -> list[Row]:
    times = sorted(message.at for message in sent)
    by_chat: dict[int, list[float]] = defaultdict(list)
    texts: dict[int, list[int]] = defaultdict(list)
    for message in sent:
        by_chat[message.chat_id].append(message.at)
        texts[message.chat_id].append(int(message.text.rpartition(" ")[2]))
    gaps = [later - at for chat in by_chat.values() for at, later in pairwise(chat)]
    in_order = sum(numbers == sorted(numbers) for numbers in texts.values())
    return [
        Row(
            name="delivery: 600 replies to 100 groups, first to last",
            value=times[-1] - times[0],
            bound=BOUND_SECONDS,
            unit="s",
            goal=Goal(least=1.0, most=1.1),
        ),
        Row(
            name="delivery: arrived", value=len(times), bound=REPLIES, unit="", goal=Goal(least=1.0, most=1.0)
        ),
        Row(
            name="delivery: chats in order",
            value=in_order,
            bound=GROUPS,
            unit="",
            goal=Goal(least=1.0, most=1.0),
        ),
        Row(
            name="delivery: most arrivals in any second",
            value=most_within(times, 1.0),
            bound=PER_SECOND,
            unit="",
            goal=Goal(most=1.0),
        ),
        Row(
            name="delivery: shortest pause in a chat",
            value=min(gaps),
            bound=1.0,
            unit="s",
            goal=Goal(least=1.0),
        ),
    ]


def most_within(times: list[float], seconds: float) -> int:
    """The largest number of these moments in any window of this length."""
    most = first = 0
    for last, at in enumerate(times):
        while times[first] <= at - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most
