"""Redis is flushed, killed and started again while replies go out: each arrives once."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from django.utils import timezone

from bots.simulator import SimulatedTelegram
from cvgorod_hub.embedded import free_port
from cvgorod_hub.embedded.redis_server import redis_executable
from sandbox.models import PendingResponse
from tests.e2e.processes import Processes, wait_for
from tests.factories import ChatFactory, ResponseFactory
from tests.marks import committed

pytestmark = [committed, pytest.mark.e2e]

REPLIES = 60


@contextmanager
def redis_on(port: int, folder: Path) -> Iterator["redis.Redis"]:
    """A Redis that keeps nothing: killed at the end, as by a power cut."""
    process = subprocess.Popen(
        [redis_executable(), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    )
    client = redis.Redis(port=port)
    try:
        wait_for(lambda: _answers(client))
        yield client
    finally:
        client.close()
        process.kill()
        process.wait()


def _answers(client: "redis.Redis") -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def sent_count() -> int:
    return PendingResponse.objects.filter(status="sent").count()


def test_each_reply_goes_out_once(processes: Processes, telegram: SimulatedTelegram, tmp_path: Path) -> None:
    for place in range(REPLIES):
        chat = ChatFactory()
        telegram.add_chat(chat.pk, title=chat.name)
        ResponseFactory(
            chat=chat, status="approved", approved_at=timezone.now(), response_text=f"Ответ {place}"
        )
    port = free_port()
    processes.environment["REDIS_URL"] = f"redis://127.0.0.1:{port}/0"

    with redis_on(port, tmp_path) as client:
        processes.worker()
        processes.beat()
        wait_for(lambda: sent_count() >= 10)
        client.flushall()
        wait_for(lambda: sent_count() >= 20)
    with redis_on(port, tmp_path):
        wait_for(lambda: sent_count() == REPLIES, seconds=90)

    arrived = [sent.text for sent in telegram.sent_messages]
    assert sorted(arrived) == sorted(f"Ответ {place}" for place in range(REPLIES))
