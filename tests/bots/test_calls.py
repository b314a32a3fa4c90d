"""One client and one loop for all threads of a process."""

import threading

from django.test import override_settings

from bots import calls
from bots.calls import call
from bots.methods import GetMe
from bots.simulator import SimulatedTelegram


def test_many_threads_that_begin_at_once_all_get_their_answers() -> None:
    barrier, answers = threading.Barrier(16), []
    loops = calls._loop.cache_info().currsize
    with (
        SimulatedTelegram() as telegram,
        override_settings(TELEGRAM_BOT_TOKEN=telegram.token, TELEGRAM_API_URL=telegram.url),
    ):

        def ask() -> None:
            barrier.wait()
            answers.append(call(GetMe(), deadline=10)["id"])

        threads = [threading.Thread(target=ask) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert answers == [telegram.bot["id"]] * 16
    assert calls._loop.cache_info().currsize - loops <= 1
    assert sum(thread.name == "bot-api" for thread in threading.enumerate()) == 1
