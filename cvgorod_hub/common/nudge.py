"""Telling a worker that there is work, where losing the message costs only time."""

import logging
import time
from typing import Any

from celery import Signature, Task
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

# Seconds without a try after one that was lost. A broker that hangs costs each try five, and whoever approves
# three hundred replies at once would wait for all of them.
QUIET_SECONDS = 5
_quiet_until = [0.0]  # on the monotonic clock


def nudge(task: "Task[..., Any] | Signature[Any]", *args: object) -> bool:
    """Queue the task, or the one that a signature names; returns whether the broker has it.

    With the broker away, log it and go on: a sweep finds the work again.
    """
    if time.monotonic() < _quiet_until[0]:
        return False
    try:
        task.apply_async(args=args, retry=False)
    except (OperationalError, OSError) as error:
        _quiet_until[0] = time.monotonic() + QUIET_SECONDS
        logger.warning("nudge lost task=%s error=%s", task.name, type(error).__name__)
        return False
    return True
