"""Logs: events with fields, never message texts, tokens or keys."""

from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()


def _one_of(name: str, default: str, *choices: str) -> str:
    value: str = env.str(name, default="").strip().lower() or default
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is neither {' nor '.join(choices)}: {value!r}.")
    return value


LOG_LEVEL: str = env.str("HUB_LOG_LEVEL", default="INFO").upper()
if LOG_LEVEL not in (_levels := ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")):
    raise ImproperlyConfigured(
        f"HUB_LOG_LEVEL is not a level: {LOG_LEVEL!r} ({', '.join(_levels[:-1])} or {_levels[-1]})."
    )
# Lines for people at a terminal, JSON for programs that collect logs (the image sets it).
LOG_FORMAT = _one_of("HUB_LOG_FORMAT", "line", "line", "json")
# Of requests that only read and were served, a terminal would be full.
_told = _one_of("HUB_ACCESS_LOG", "all" if LOG_FORMAT == "json" else "changes", "all", "changes")
LOGS_READS = _told == "all"
_FORMATTERS: dict[str, dict[str, Any]] = {
    "line": {
        "()": "cvgorod_hub.common.redaction.RedactingFormatter",
        "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
    },
    "json": {"()": "cvgorod_hub.watching.logs.JsonFormatter"},
}
LOGGING_CONFIG = "cvgorod_hub.watching.past_logging.configure"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {LOG_FORMAT: _FORMATTERS[LOG_FORMAT]},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # Without the handlers that Django gives it: one writes past the formatter, one mails.
        "django": {},
        "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        # In JSON each request has its own line, which names no path; here are the stacks of what broke.
        "django.request": {"level": "ERROR" if LOG_FORMAT == "json" else "WARNING"},
        "aiogram": {"level": "WARNING"},
        "kombu": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "pymorphy3": {"level": "WARNING"},
    },
}
