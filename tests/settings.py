"""The hub's own settings on servers that live as long as the test run.

Importing this module starts them, once: pytest-django imports settings before anything else, and
xdist's workers inherit the addresses through the environment.
"""

import atexit
import contextlib
import os
import tempfile
from pathlib import Path

import psycopg

from cvgorod_hub.embedded import embedded_postgres, embedded_redis

_ISOLATED = {
    "SECRETS_PATH": os.devnull,
    "DJANGO_SECRET_KEY": "tests-only",
    "DJANGO_DEBUG": "",
    "DJANGO_ALLOWED_HOSTS": "127.0.0.1,localhost,testserver",
    "DATABASE_POOLER": "",
    "DATABASE_DIRECT_URL": "",
    "DATABASE_REPLICA_URL": "",
    "DATABASE_REPLICA_MAX_LAG": "",
    "HUB_API_KEY": "",
    "HUB_DEMO": "",
    "TELEGRAM_BOT_TOKEN": "",
    "TELEGRAM_API_URL": "http://127.0.0.1:9",
    "TELEGRAM_REVIEW_CHAT_ID": "",
    "OLD_DATABASE_URL": "",
    "RAW_UPDATES_KEEP_DAYS": "",
    "TELEGRAM_WEBHOOK_SECRET": "",
    "HUB_PUBLIC_URL": "",
    "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    "DEEPSEEK_API_KEY": "",
    "DEEPSEEK_API_URL": "http://127.0.0.1:9",
    "YANDEX_CLOUD_API_KEY": "",
    "YANDEX_STT_ENABLED": "",
    "YANDEX_STT_URL": "http://127.0.0.1:9",
    "YANDEX_OPERATION_URL": "http://127.0.0.1:9",
    "METRICS_TOKEN": "",
    "METRICS_ALLOWED_NETWORKS": "",
    "SENTRY_DSN": "",
    "HUB_LOG_FORMAT": "",
    "HUB_ACCESS_LOG": "",
    "HUB_RELEASE": "",
    "VOICE_BACKLOG_DAYS": "",
    "VOICE_KEEP_DAYS": "",
    "EMAIL_URL": "",
    "HUB_REPORT_EMAIL": "",
    "HUB_REPORT_CHAT_ID": "",
    "HUB_REPORT_FROM": "",
    "HUB_REPORT_HOUR": "",
    "MESSAGES_KEEP_DAYS": "",
    "ADMIN_LOG_KEEP_DAYS": "",
    "LANGUAGE_CODE": "ru",
    "TIME_ZONE": "Europe/Moscow",
}


def _start_servers() -> None:
    os.environ.update(_ISOLATED)
    servers = contextlib.ExitStack()
    atexit.register(servers.close)
    folder = Path(servers.enter_context(tempfile.TemporaryDirectory(prefix="hub-tests-")))
    folder.chmod(0o755)  # as root, PostgreSQL runs as a user of its own
    database_url = servers.enter_context(embedded_postgres(folder / "postgres"))
    with psycopg.connect(database_url, autocommit=True) as connection:
        # Nothing here outlives the run, so nothing has to survive a power cut.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")
    os.environ["DATABASE_URL"] = database_url
    os.environ["REDIS_URL"] = servers.enter_context(embedded_redis(folder / "redis"))
    os.environ["HUB_DATA_DIR"] = str(folder / "data")
    os.environ["HUB_TEST_SERVERS"] = "running"


if os.environ.get("HUB_TEST_SERVERS") != "running":
    _start_servers()

from cvgorod_hub.settings import *  # noqa: E402, F403

# Each xdist worker has a database of its own by pytest-django; this gives it a Redis of its own.
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
REDIS_URL = f"{os.environ['REDIS_URL'].rsplit('/', 1)[0]}/{_worker}"
CELERY_BROKER_URL = REDIS_URL
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
# A quick one for tests, and the real one for accounts that real processes must know.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
SANDBOX_TRANSPORT = "tests.fakes.FakeTransport"
API_USAGE_WRITTEN_EVERY_SECONDS = 0
TALLIES_WRITTEN_EVERY_SECONDS = 0
# Look for a static file when it is asked for: each test's client would list all of them first.
WHITENOISE_AUTOREFRESH = True
