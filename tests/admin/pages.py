"""Every address of the admin, taken from its own routes: a page that is added is here by itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from solo.models import SingletonModel

from clients.models import TelegramUser
from messaging.models import Chat, Message, Recording
from tests.admin.access import ROUTES, table
from tests.admin.rows import Rows

# Not pages: where a route leads that matches anything else, and a script with the words of Django's own.
LEFT_OUT = {"admin:view_on_site", "admin:jsi18n", "admin:logout"}
# Parameters of routes that are no row of the model that the route is named after.
PARAMETERS: dict[str, object] = {"app_label": "messaging", "listed": "messages"}
ROW_PARAMETERS: dict[str, type[Model]] = {"message_id": Message, "chat_id": Chat, "person_id": TelegramUser}
# Routes whose parameter is not the row's own key.
KEYS: dict[str, tuple[type[Model], str]] = {"admin:messaging_message_sound": (Recording, "message_id")}
# What an address says after its question mark, where it says nothing without it.
QUERIES = {
    "admin:autocomplete": {
        "app_label": "clients",
        "model_name": "telegramuser",
        "field_name": "staff_account",
    },
    "admin:desk_conversation_news": {"since": "1"},
}


@dataclass(frozen=True)
class Address:
    """A route of the admin, with a row put into it."""

    name: str
    path: str


def routes() -> dict[str, list[str]]:
    """The names of the admin's routes, with the parameters of each."""
    found = dict(_walk(get_resolver(), ""))
    return {name: found[name] for name in sorted(found) if name not in LEFT_OUT}


def _walk(resolver: URLResolver, namespace: str) -> Iterator[tuple[str, list[str]]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _walk(entry, f"{entry.namespace}:" if entry.namespace else namespace)
        elif isinstance(entry, URLPattern) and entry.name and namespace == "admin:":
            yield f"{namespace}{entry.name}", list(entry.pattern.regex.groupindex)


def addresses(rows: Rows) -> list[Address]:
    return [Address(name, address(name, rows)) for name in routes()]


def address(name: str, rows: Rows) -> str:
    parameters = {each: _parameter(name, each, rows) for each in routes()[name]}
    query = f"?{urlencode(QUERIES[name])}" if name in QUERIES else ""
    return reverse(name, kwargs=parameters) + query


def _parameter(name: str, parameter: str, rows: Rows) -> object:
    if parameter in PARAMETERS:
        return PARAMETERS[parameter]
    model, key = KEYS.get(name) or (ROW_PARAMETERS.get(parameter) or model_of(name), "pk")
    return getattr(rows[model], key)


def model_of(name: str) -> type[Model]:
    """The model that a route is named after, as Django and the hub name them: app_model_what."""
    app, model = name.removeprefix("admin:").split("_")[:2]
    return next(each for each in admin.site._registry if each._meta.label_lower == f"{app}.{model}")


# What answers a script, sends a file, or shows a page only after another one: nothing to look at by itself.
NOT_DRAWN = {
    "admin:autocomplete",
    "admin:search",
    "admin:api_apikey_chats",
    "admin:auth_user_people",
    "admin:desk_conversation_news",
    "admin:messaging_chat_open_conversation",
    "admin:messaging_message_sound",
    "admin:sandbox_pendingresponse_bulk",
    "admin:sandbox_pendingresponse_bulk_done",
    "admin:sandbox_pendingresponse_numbers",
    "admin:login",
    "admin:second_step",
    "admin:password_change_done",
}


def drawn_pages(rows: Rows) -> list[Address]:
    """The pages that a superuser opens, and each list where it finds nothing."""
    opened = [
        name
        for name in routes()
        if name not in NOT_DRAWN and not name.endswith("_export") and _is_opened(name)
    ]
    pages = [Address(name, address(name, rows)) for name in opened]
    lists = [page for page in pages if page.name.endswith("_changelist") and not _is_singleton(page.name)]
    return [*pages, *(Address(f"{page.name} (empty)", f"{page.path}{NOTHING_FOUND}") for page in lists)]


NOTHING_FOUND = "?pk__in=0"


def _is_opened(name: str) -> bool:
    return table(ROUTES)[name.removeprefix("admin:")][0] != "-"


def _is_singleton(name: str) -> bool:
    return issubclass(model_of(name), SingletonModel)
