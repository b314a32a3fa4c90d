"""Logs: events with fields, never message texts, tokens or keys."""

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()

LOG_LEVEL: str = env.str("HUB_LOG_LEVEL", default="INFO").upper()
if LOG_LEVEL not in (_levels := ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")):
    raise ImproperlyConfigured(
        f"HUB_LOG_LEVEL is not a level: {LOG_LEVEL!r} ({', '.join(_levels[:-1])} or {_levels[-1]})."
    )
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "cvgorod_hub.common.redaction.RedactingFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        },
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "aiogram": {"level": "WARNING"},
        "kombu": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "pymorphy3": {"level": "WARNING"},
    },
}
