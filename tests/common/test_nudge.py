import logging
from collections.abc import Iterator

import pytest
from celery import Celery

from cvgorod_hub.common import nudge as nudges
from cvgorod_hub.common.nudge import nudge


@pytest.fixture(autouse=True)
def _no_loss_before() -> Iterator[None]:
    nudges._quiet_until[0] = 0.0
    yield
    nudges._quiet_until[0] = 0.0


def test_a_broker_that_is_away_costs_a_log_line_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    app = Celery(broker="redis://127.0.0.1:9/0", set_as_current=False)
    app.conf.broker_transport_options = {"max_retries": 1, "interval_start": 0}

    @app.task(name="lost", shared=False)
    def lost(_number: int) -> None: ...

    with caplog.at_level(logging.WARNING, logger="cvgorod_hub.common.nudge"):
        # The second is not even tried: three hundred approvals do not wait for it three hundred times.
        assert [nudge(lost, 1), nudge(lost, 2)] == [False, False]

    assert caplog.messages == ["nudge lost task=lost error=OperationalError"]
