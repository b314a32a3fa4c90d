"""What Python, Celery and the web server say past logging, as lines of the log where those are JSON.

Warnings, what ends a process or a thread, what nobody could catch. What a command prints for whoever called
it, and why a process cannot begin as it is set up, stay sentences for people.
"""

import importlib
import logging
import logging.config
import os
import sys
import threading
from types import TracebackType
from typing import Any

from cvgorod_hub.watching.logs import JsonFormatter

logger = logging.getLogger(__name__)


def configure(config: dict[str, Any]) -> None:
    """Django's LOGGING_CONFIG: as `dictConfig`, and nothing goes past it."""
    logging.config.dictConfig(config)
    if "json" not in config["formatters"]:
        return
    logging.captureWarnings(capture=True)
    sys.excepthook = _end_of_process
    threading.excepthook = _end_of_thread
    sys.unraisablehook = _lost_error


def take_over_worker() -> None:
    """Celery's worker writes its last words to the terminal, from within the handler of a signal."""
    worker: Any = importlib.import_module("celery.apps.worker")
    worker.safe_say = _say_of_worker


def _end_of_process(
    kind: type[BaseException], error: BaseException | None, stack: TracebackType | None
) -> None:
    logger.critical("process ends", exc_info=(kind, error or kind(), stack))


def _end_of_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_type is not SystemExit:
        error = args.exc_value or args.exc_type()
        logger.critical("thread ends", exc_info=(args.exc_type, error, args.exc_traceback))


def _lost_error(args: "sys.UnraisableHookArgs") -> None:
    error = args.exc_value or args.exc_type()
    logger.error("error that nobody could catch", exc_info=(args.exc_type, error, args.exc_traceback))


def _say_of_worker(message: str, _stream: object = None) -> None:
    """Straight to the standard error: the signal may have come while a handler of logging wrote."""
    record = logging.LogRecord("celery.apps.worker", logging.INFO, __file__, 0, message, (), None)
    os.write(2, f"{JsonFormatter().format(record)}\n".encode())
