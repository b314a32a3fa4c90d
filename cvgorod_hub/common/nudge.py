"""Telling a worker that there is work, where losing the message costs only time."""

import logging
from typing import Any

from celery import Signature, Task
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def nudge(task: "Task[..., Any] | Signature[Any]", *args: object) -> None:
    """Queue the task, or the one that a signature names.

    With the broker away, log it and go on: a sweep finds the work again.
    """
    try:
        task.apply_async(args=args, retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("nudge lost task=%s error=%s", task.name, type(error).__name__)
