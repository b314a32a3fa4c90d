import logging

import pytest
from celery import Celery

from cvgorod_hub.common.nudge import nudge


def test_a_broker_that_is_away_costs_a_log_line_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    app = Celery(broker="redis://127.0.0.1:9/0", set_as_current=False)
    app.conf.broker_transport_options = {"max_retries": 1, "interval_start": 0}

    @app.task(name="lost")
    def lost(_number: int) -> None: ...

    with caplog.at_level(logging.WARNING, logger="cvgorod_hub.common.nudge"):
        nudge(lost, 1)

    assert caplog.messages == ["nudge lost task=lost error=OperationalError"]
