"""A secret is planted wherever an exception's text, a setting or a header may come out: none does."""

import ast
import io
import logging
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
import requests
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import GetMe
from celery.app.trace import build_tracer
from django.test import RequestFactory
from django.views.debug import get_exception_reporter_class, technical_500_response
from pytest_django import Settings

from bots.client import translate
from bots.models import RawUpdate
from bots.updates import _fail
from cvgorod_hub.api.hooks.troubles import HookError, Trouble
from cvgorod_hub.celery import app
from cvgorod_hub.common.external import ExternalServiceError
from cvgorod_hub.common.redaction import ADDRESS_SETTINGS, SECRET_SETTINGS, RedactingFormatter, redact
from intents.llm.deepseek import AccountError
from sandbox.transport import Outcome, TransportError
from tests.cvgorod_hub.running_hub import ROOT, clean_environment, manage

MARK = "PlainlyInvented"
TOKEN = f"123456789:AAH{MARK}_tokenForTests1234567"
# Of no shape that could be known; only their values are.
PLANTED = {
    "SECRET_KEY": f"{MARK}+secret/key=&%",
    "HUB_API_KEY": f"{MARK}-hub-key",
    "TELEGRAM_BOT_TOKEN": TOKEN,
    "TELEGRAM_WEBHOOK_SECRET": f"{MARK}-webhook",
    "DEEPSEEK_API_KEY": f"{MARK}-deepseek",
    "METRICS_TOKEN": f"{MARK}-metrics",
    "EMAIL_HOST_PASSWORD": f"{MARK}-mail",
    "YANDEX_CLOUD_API_KEY": f"{MARK}-yandex",
    "DATABASE_URL": f"postgres://hub:{MARK}%2Fdatabase@db/hub",
    "DATABASE_DIRECT_URL": f"postgres://hub:{MARK}%2Fdirect@db/hub",
    "DATABASE_REPLICA_URL": f"postgres://hub:{MARK}%2Freplica@db/hub",
    "OLD_DATABASE_URL": f"postgres://old:{MARK}%2Fold@db/old",
    "SENTRY_DSN": f"https://{MARK}sentry@sentry.example/1",
    "REDIS_URL": f"redis://:{MARK}%2Fredis@redis/0",
    "CELERY_BROKER_URL": f"redis://:{MARK}%2Fredis@redis/0",
}
PASSWORDS = tuple(f"{MARK}/{name}" for name in ("database", "direct", "replica", "old", "redis"))


@pytest.fixture(autouse=True)
def _planted(settings: Settings) -> None:
    for name, value in PLANTED.items():
        setattr(settings, name, value)


def test_all_that_is_known_is_planted() -> None:
    assert set(PLANTED) == {*SECRET_SETTINGS, *ADDRESS_SETTINGS}


@pytest.mark.parametrize("secret", [*PLANTED.values(), *PASSWORDS])
@pytest.mark.parametrize(
    "frame", ["{}", "token={}&x=1", "b'{}'", "{{'key': '{}'}}", "https://x/{}/y", "я{}я"]
)
def test_what_the_hub_was_given_is_known_wherever_it_stands(secret: str, frame: str) -> None:
    assert MARK not in redact(frame.format(secret))


def test_also_as_an_address_has_it() -> None:
    address = requests.Request("GET", "https://x/", params={"key": PLANTED["SECRET_KEY"]}).prepare().url

    assert MARK in str(address)
    assert MARK not in redact(str(address))


@pytest.mark.parametrize(
    "key",
    [
        f"AQVN{MARK}0123456789abcdefghij",
        f"t1.9euelZ{MARK}.{MARK}0123456789abcdefghij",
        f"otpauth://totp/cvgorod-hub:anna?secret={'PLAINLYINVENTED234'}&issuer=cvgorod-hub",
    ],
)
def test_keys_that_the_hub_was_not_given_are_known_by_their_shape(key: str) -> None:
    redacted = redact(f"refused {key} today")

    assert MARK.lower() not in redacted.lower()
    assert redacted.startswith("refused ")
    assert redacted.endswith(" today") or "issuer" in redacted


def test_what_aiohttp_says_of_telegram() -> None:
    url = f"https://api.telegram.org/bot{TOKEN}/getMe"
    inner = aiohttp.InvalidURL(url)

    assert MARK not in str(translate(TelegramNetworkError(GetMe(), f"{type(inner).__name__}: {inner}")))


@pytest.mark.parametrize(
    "make",
    [
        lambda text: ExternalServiceError(text),
        lambda text: TransportError(text, outcome=Outcome.UNKNOWN),
        lambda text: AccountError(text, status=401),
        lambda text: HookError(Trouble.BROKEN, text),
    ],
)
def test_what_a_neighbours_error_is_made_of(make: "object") -> None:
    """These are stored with replies, recordings and webhooks, and shown."""
    cause = requests.ConnectionError(
        f"https://{PLANTED['YANDEX_CLOUD_API_KEY']}@x/?k={PLANTED['HUB_API_KEY']}"
    )

    assert callable(make)
    assert MARK not in str(make(str(cause)))


def test_why_an_update_could_not_be_read() -> None:
    row = RawUpdate(bot_id=1, update_id=1)

    _fail(row, f"RuntimeError: https://api.telegram.org/bot{TOKEN}/getFile")

    assert row.error == "RuntimeError: https://api.telegram.org/[secret]/getFile".replace("/[", "/bot[")


def failing() -> None:
    secret = PLANTED["DEEPSEEK_API_KEY"]  # a local variable, as a report has them
    raise RuntimeError(f"cannot reach {PLANTED['DATABASE_URL']} with {secret} and {TOKEN}")


def test_what_the_log_says_of_a_task_that_failed() -> None:
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(RedactingFormatter("%(message)s"))
    logging.getLogger("celery.app.trace").addHandler(handler)
    task = app.task(name="tests.failing", shared=False)(failing)
    try:
        build_tracer(task.name, task, app=app)("an id", (), {}, {"id": "an id"})
    finally:
        logging.getLogger("celery.app.trace").removeHandler(handler)
        app.tasks.unregister(task.name)

    assert "RuntimeError" in text.getvalue()
    assert MARK not in text.getvalue()


def report_of(make: "object") -> str:
    request = RequestFactory().get(
        f"/?token={TOKEN}", headers={"X-API-Key": PLANTED["HUB_API_KEY"], "Authorization": f"Bearer {MARK}"}
    )
    try:
        failing()
    except RuntimeError as error:
        assert callable(make)
        return str(make(request, type(error), error, error.__traceback__))
    raise AssertionError


def test_the_page_of_debug_mode(settings: Settings) -> None:
    settings.DEBUG = True

    page = report_of(lambda *failed: technical_500_response(*failed).content.decode())

    assert "RuntimeError" in page
    assert "YANDEX_CLOUD_API_KEY" in page  # settings are listed, without their values
    assert MARK not in page


def test_the_text_of_a_report(settings: Settings) -> None:
    reporter = get_exception_reporter_class(None)

    text = report_of(lambda *failed: reporter(*failed).get_traceback_text())

    assert "RuntimeError" in text
    assert MARK not in text


_HANDLERS = """
import logging
found = {}
for name in [None, *logging.root.manager.loggerDict]:
    for handler in logging.getLogger(name).handlers:
        if isinstance(handler, logging.NullHandler):
            continue
        found[name or "root"] = type(handler.formatter).__name__
print(sorted(found.items()))
"""


@pytest.mark.parametrize("debug", ["", "true"])
def test_nothing_is_logged_past_the_filter_nor_mailed(folder: Path, debug: str) -> None:
    given = {
        "DJANGO_SECRET_KEY": "given", "DATABASE_URL": "postgres://127.0.0.1:9/x",
        "REDIS_URL": "redis://127.0.0.1:9/0", "DJANGO_DEBUG": debug,
    }  # fmt: skip

    done = manage(folder, "shell", "--no-imports", "--command", _HANDLERS, **given)

    found = dict(ast.literal_eval(done.stdout.splitlines()[-1]))
    assert found == {"django.server": "RedactingFormatter", "root": "RedactingFormatter"}


FAILING = """
import threading
from django.conf import settings
def fail(): raise RuntimeError("in a thread: " + settings.YANDEX_CLOUD_API_KEY)
thread = threading.Thread(target=fail)
thread.start()
thread.join()
raise RuntimeError("at the end: https://" + settings.TELEGRAM_BOT_TOKEN)
"""


def test_what_ends_a_command_or_a_thread(folder: Path) -> None:
    """A process from nothing: in a forked one multiprocessing would catch what is not caught."""
    given = {
        "DJANGO_SECRET_KEY": "given", "DATABASE_URL": "postgres://127.0.0.1:9/x",
        "REDIS_URL": "redis://127.0.0.1:9/0", "TELEGRAM_BOT_TOKEN": TOKEN,
        "YANDEX_CLOUD_API_KEY": PLANTED["YANDEX_CLOUD_API_KEY"],
    }  # fmt: skip

    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "--command", FAILING],
        cwd=ROOT, env=clean_environment(folder, **given), capture_output=True, text=True,
    )  # fmt: skip

    assert done.returncode == 1
    assert "RuntimeError: in a thread: [secret]" in done.stderr
    assert "RuntimeError: at the end: https://[secret]" in done.stderr
    assert MARK not in done.stderr + done.stdout
