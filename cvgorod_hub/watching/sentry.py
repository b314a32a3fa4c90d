"""Errors told to Sentry where `SENTRY_DSN` says so: what broke and where, and nothing that anybody wrote.

An event is built anew of what may leave (cvgorod_hub/watching/errors.py), instead of being searched for
what may not: the SDK's next version may put something new into it. No request, no person, no local
variable, no query, no argument of a task.
"""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import sentry_sdk
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.celery import CeleryIntegration
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.logging import LoggingIntegration, ignore_logger
from sentry_sdk.integrations.threading import ThreadingIntegration
from sentry_sdk.types import Breadcrumb, BreadcrumbHint, Event, Hint
from sentry_sdk.utils import BadDsn

from cvgorod_hub.common.redaction import redact
from cvgorod_hub.version import VERSION
from cvgorod_hub.watching.context import about
from cvgorod_hub.watching.errors import chain, words_of
from cvgorod_hub.watching.logs import told_event

if TYPE_CHECKING:
    from sentry_sdk._types import DataCollectionUserOptions

_KEPT = (
    "event_id",
    "timestamp",
    "platform",
    "level",
    "logger",
    "transaction",
    "release",
    "environment",
    "sdk",
)
_KEPT_OF_ERROR = ("type", "module", "thread_id")
_KEPT_OF_MECHANISM = ("type", "handled", "exception_id", "parent_id", "is_exception_group")
_KEPT_OF_FRAME = (
    *("filename", "function", "module", "lineno", "in_app"),
    *("pre_context", "context_line", "post_context"),
)
# What the SDK would otherwise gather, much of which `before_send` would leave out again.
NOTHING: "DataCollectionUserOptions" = {
    "user_info": False,
    "cookies": {"mode": "off"},
    "http_headers": {"request": {"mode": "off"}},
    "http_bodies": [],
    "url_query_params": {"mode": "off"},
    "graphql": {"document": False, "variables": False},
    "gen_ai": {"inputs": False, "outputs": False},
    "database_query_data": False,
    "queues": False,
    "stack_frame_variables": False,
}
_INTEGRATIONS = (AtexitIntegration, DedupeIntegration, ExcepthookIntegration, ThreadingIntegration)


def start() -> None:
    """Raises ImproperlyConfigured for a DSN that is none."""
    # A request that failed is told by what broke it, not once more by its line in the log.
    ignore_logger("cvgorod_hub.watching.requests")
    try:
        sentry_sdk.init(
            dsn=settings.SENTRY_DSN,
            release=settings.HUB_RELEASE or VERSION,
            environment=settings.SENTRY_ENVIRONMENT,
            before_send=before_send,
            before_breadcrumb=before_breadcrumb,
            data_collection=NOTHING,
            max_request_body_size="never",
            auto_session_tracking=False,
            trace_propagation_targets=[],
            default_integrations=False,
            auto_enabling_integrations=False,
            integrations=[
                *(integration() for integration in _INTEGRATIONS),
                LoggingIntegration(level=logging.INFO, event_level=logging.ERROR),
                DjangoIntegration(transaction_style="function_name", middleware_spans=False),
                CeleryIntegration(propagate_traces=False),
            ],
        )
    except BadDsn:
        raise ImproperlyConfigured("SENTRY_DSN is not the address of a project in Sentry.") from None


def before_send(event: Event, hint: Hint) -> Event:
    """The event as it may leave. `hint` has the exception and the record of the log, where there are any."""
    told: dict[str, Any] = {name: event[name] for name in _KEPT if name in event}  # type: ignore[literal-required]
    told["tags"] = dict(about.get())
    exc_info = hint.get("exc_info")
    if error := exc_info[1] if exc_info else None:
        safe = {(type(each).__name__, str(each)): words_of(each) for each in chain(error)}
        told["exception"] = {"values": [_error(one, safe) for one in _values(event, "exception")]}
    if (record := hint.get("log_record")) is not None:
        told["logentry"] = {"message": redact(told_event(record))}
    told["breadcrumbs"] = {"values": _values(event, "breadcrumbs")}
    return told  # type: ignore[return-value]


def before_breadcrumb(crumb: Breadcrumb, hint: BreadcrumbHint) -> Breadcrumb | None:
    """Lines of the log, by their events; not the queries, commands and addresses that the SDK notes."""
    record = hint.get("log_record")
    if record is None:
        return None
    kept = _only(("type", "level", "category", "timestamp"), crumb)
    return {**kept, "message": redact(told_event(record))}


def _values(event: Event, name: str) -> list[dict[str, Any]]:
    """What an event holds under this name: a list, or a list within."""
    held: Any = event.get(name) or {}
    values = held.get("values") if isinstance(held, Mapping) else held
    return list(values or ())


def _error(one: Mapping[str, Any], safe: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    frames = (one.get("stacktrace") or {}).get("frames") or ()
    return {
        **_only(_KEPT_OF_ERROR, one),
        "value": safe.get((one.get("type") or "", one.get("value") or ""), ""),
        "mechanism": _only(_KEPT_OF_MECHANISM, one.get("mechanism") or {}),
        "stacktrace": {"frames": [_only(_KEPT_OF_FRAME, frame) for frame in frames]},
    }


def _only(names: tuple[str, ...], values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in names if name in values}
