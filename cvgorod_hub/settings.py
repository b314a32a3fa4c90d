"""Settings, from the environment (README: "Settings"); safe for production as they stand.

Without `DATABASE_URL` and `REDIS_URL` the hub uses the embedded servers that `runhub` started on
`HUB_DATA_DIR`, so every command in a second terminal talks to the running hub.
"""

from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from cvgorod_hub import api_introduction, environment
from cvgorod_hub.admin_theme import UNFOLD as UNFOLD
from cvgorod_hub.common.redaction import redact

env = environ.Env()
BASE_DIR = environment.BASE_DIR
DATA_DIR: Path = environment.data_dir()

# --- Security -------------------------------------------------------------------------------
DEBUG: bool = env.bool("DJANGO_DEBUG", default=False)
SECRET_KEY = environment.secret_key()
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "DJANGO_SECRET_KEY is not set. Set it to a long random string, "
        "or start the hub with `make run`, which makes one for this machine."
    )
ALLOWED_HOSTS: list[str] = env.list("DJANGO_ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("DJANGO_CSRF_TRUSTED_ORIGINS", default=[])
# One proxy in front, which sets X-Forwarded-Proto and adds the caller to X-Forwarded-For.
BEHIND_PROXY: bool = env.bool("DJANGO_BEHIND_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
# Behind a proxy people come by HTTPS, and their cookies go no other way.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_PROXY
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

# --- Rooms ----------------------------------------------------------------------------------
INSTALLED_APPS = [
    "cvgorod_hub",
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "solo",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "cvgorod_hub.api",
    "clients",
    "messaging",
    "intents",
    "sandbox",
    "bots",
]
MIDDLEWARE = [
    "cvgorod_hub.api.keys.journal.JournalMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "cvgorod_hub.common.pages.SessionMiddleware",
    "cvgorod_hub.common.language.ChosenLanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "cvgorod_hub.common.pages.CsrfViewMiddleware",
    "cvgorod_hub.common.pages.AuthenticationMiddleware",
    "cvgorod_hub.common.pages.MessageMiddleware",
    "cvgorod_hub.common.pages.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "cvgorod_hub.urls"
WSGI_APPLICATION = "cvgorod_hub.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- PostgreSQL and Redis -------------------------------------------------------------------
_services = environment.embedded_services()
DATABASE_URL: str = env.str("DATABASE_URL", default="") or _services.get("database_url", "")
REDIS_URL: str = env.str("REDIS_URL", default="") or _services.get("redis_url", "")
if not DATABASE_URL or not REDIS_URL:
    _missing = "DATABASE_URL" if not DATABASE_URL else "REDIS_URL"
    raise ImproperlyConfigured(
        f"{_missing} is not set, and no hub runs on {DATA_DIR}. "
        "Set it, or start the hub with `make run` first."
    )
try:
    DATABASES: dict[str, dict[str, Any]] = {"default": env.db_url_config(DATABASE_URL)}
except ValueError as error:
    raise ImproperlyConfigured(f"DATABASE_URL cannot be read: {redact(str(error))}") from None
if DATABASES["default"].get("ENGINE") != "django.db.backends.postgresql":
    raise ImproperlyConfigured(
        "DATABASE_URL must name a PostgreSQL database (postgres://user:password@host:port/name): "
        "search and locks are PostgreSQL's."
    )
if not REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
    raise ImproperlyConfigured("REDIS_URL must name a Redis server (redis://user:password@host:port/number).")
# Without a threshold psycopg prepares nothing. Only statements that ask for it are prepared
# (cvgorod_hub/common/prepared.py), the ORM's own never.
DATABASES["default"].setdefault("OPTIONS", {}).update({"connect_timeout": 5, "prepare_threshold": 5})
DATABASES["default"].update({"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True})
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 5, "socket_connect_timeout": 2},
    }
}

# --- Celery (each task names its queue; tests/test_tasks.py holds every task to one) -----------
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 5,
    "socket_connect_timeout": 1,
    # A nudge is worth one try: with Redis away nobody's click shall wait for it.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Said outright, or Celery warns whenever Redis goes away; no task here is acknowledged late.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_TIMEZONE = "UTC"
CELERY_TASK_ROUTES = {
    "cvgorod_hub.api.tasks.*": {"queue": "default"},
    "bots.tasks.*": {"queue": "default"},
    "bots.voice.tasks.*": {"queue": "voice"},
    "sandbox.tasks.*": {"queue": "delivery"},
    "intents.tasks.*": {"queue": "classify"},
    "messaging.tasks.*": {"queue": "webhooks"},
    "cvgorod_hub.api.hooks.tasks.*": {"queue": "webhooks"},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat-schedule")
# The sweeps: each finds what a lost task, a crash or an outage left behind.
# A sweep that no worker took before the next one is due is not kept for later.
_SWEEPS = {
    "sandbox.tasks.deliver_due_responses": 5,
    "sandbox.tasks.settle_interrupted_sends": 15,
    "sandbox.tasks.expire_responses": 30,
    "bots.tasks.parse_pending_updates": 15,
    "bots.tasks.delete_old_updates": 600,
    "bots.tasks.settle_presses": 5,
    "bots.tasks.show_cards": 3,
    "bots.tasks.check_bot": 120,
    "bots.voice.tasks.fetch_recordings": 10,
    "bots.voice.tasks.recognise_recordings": 5,
    "bots.voice.tasks.tend_recordings": 60,
    "cvgorod_hub.api.tasks.delete_old_usage": 3600,
    "intents.tasks.classify_missed_messages": 60,
    "intents.tasks.classify_unsure_messages": 10,
    "intents.tasks.follow_time_zone": 60,
    "intents.tasks.reclassify_messages": 15,
    "messaging.tasks.announce_messages": 3,
    "cvgorod_hub.api.hooks.tasks.deliver_webhooks": 3,
    "cvgorod_hub.api.hooks.tasks.delete_old_webhook_deliveries": 600,
}
CELERY_BEAT_SCHEDULE = {
    task: {"task": task, "schedule": seconds, "options": {"expires": seconds}}
    for task, seconds in _SWEEPS.items()
}

# --- API ------------------------------------------------------------------------------------
HUB_API_KEY: str = env.str("HUB_API_KEY", default="")
# What keys do is counted in each process and written so often; 0: only when somebody asks for it (tests).
API_USAGE_WRITTEN_EVERY_SECONDS = 60
# The chats that a key may be limited to (cvgorod_hub/api/chats.py says the shape).
API_CHAT_DIRECTORY = "cvgorod_hub.chat_directory.CHATS"
# Webhooks go to public addresses; beside them to these networks, where http:// is allowed, too.
WEBHOOK_ALLOWED_NETWORKS = environment.networks("WEBHOOK_ALLOWED_NETWORKS")
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["cvgorod_hub.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["cvgorod_hub.api.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["cvgorod_hub.api.renderers.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["cvgorod_hub.api.renderers.OrjsonParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "cvgorod_hub.api.renderers.AlwaysJson",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "cvgorod_hub.api.schema.HubSchema",
    "EXCEPTION_HANDLER": "cvgorod_hub.api.errors.handle",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "cvgorod-hub",
    "DESCRIPTION": api_introduction.DESCRIPTION,
    "TAGS": [{"name": name, "description": text} for name, text in api_introduction.TAGS.items()],
    "SORT_OPERATIONS": "cvgorod_hub.api.schema.sort_calls",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "PREPROCESSING_HOOKS": ["cvgorod_hub.api.schema.drop_optional_slashes"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "cvgorod_hub.api.schema.describe_errors",
    ],
    "COMPONENT_SPLIT_REQUEST": True,
    "WEBHOOKS": [
        "sandbox.webhook_schema.DRAFT_DECIDED",
        "sandbox.webhook_schema.DRAFT_SENT",
        "sandbox.webhook_schema.DRAFT_FAILED",
        "sandbox.webhook_schema.DRAFT_UNKNOWN",
        "messaging.api.webhook_schema.MESSAGE_NEW",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": True,
        "defaultModelsExpandDepth": 0,
        "displayRequestDuration": True,
    },
    "REDOC_DIST": "SIDECAR",
}

# --- Telegram -------------------------------------------------------------------------------
TELEGRAM_BOT_TOKEN: str = env.str("TELEGRAM_BOT_TOKEN", default="")
TELEGRAM_API_URL: str = env.str("TELEGRAM_API_URL", default="https://api.telegram.org").rstrip("/")
# The chat in which replies wait on cards to be approved; none without it.
_review_chat: str = env.str("TELEGRAM_REVIEW_CHAT_ID", default="").strip()
try:
    TELEGRAM_REVIEW_CHAT_ID: int | None = int(_review_chat) if _review_chat else None
except ValueError:
    raise ImproperlyConfigured(
        f"TELEGRAM_REVIEW_CHAT_ID is not the number of a chat: {_review_chat!r} (one is -1001234567890)."
    ) from None
# How long an update that was read stays as it came; 0: for ever. Ten years are more than anybody asks for.
RAW_UPDATES_KEEP_DAYS = environment.days("RAW_UPDATES_KEEP_DAYS", default=30, most=3650)
# Where people open the hub; cards link to it.
HUB_PUBLIC_URL: str = (
    env.str("HUB_PUBLIC_URL", default="") or f"http://127.0.0.1:{env.str('HUB_PORT', default='') or 8300}"
).rstrip("/")
if not HUB_PUBLIC_URL.startswith(("http://", "https://")):
    raise ImproperlyConfigured(
        f"HUB_PUBLIC_URL is not an address: {HUB_PUBLIC_URL!r} (one is https://hub.example.com)."
    )
# What Telegram says in a header of each delivery to the webhook; without it there is no webhook.
TELEGRAM_WEBHOOK_SECRET: str = env.str("TELEGRAM_WEBHOOK_SECRET", default="").strip()
# How sandbox reaches Telegram: a class with one `send` (sandbox/transport.py says its shape).
SANDBOX_TRANSPORT: str = env.str("SANDBOX_TRANSPORT", default="bots.transport.TelegramTransport")
# Seconds. A send is over, one way or the other, before a row counts as interrupted.
SEND_DEADLINE_SECONDS = 30
SEND_INTERRUPTED_AFTER_SECONDS = 90
SEND_WITHOUT_LINK_PREVIEW: bool = env.bool("SEND_WITHOUT_LINK_PREVIEW", default=True)
# Shown in the admin: the simulated Telegram of the demo stands behind TELEGRAM_API_URL.
HUB_DEMO: bool = env.bool("HUB_DEMO", default=False)

# --- DeepSeek -------------------------------------------------------------------------------
DEEPSEEK_API_KEY: str = env.str("DEEPSEEK_API_KEY", default="")
DEEPSEEK_API_URL: str = env.str("DEEPSEEK_API_URL", default="https://api.deepseek.com").rstrip("/")
DEEPSEEK_MODEL: str = env.str("DEEPSEEK_MODEL", default="deepseek-flash")

# --- Yandex SpeechKit ----------------------------------------------------------------------
YANDEX_CLOUD_API_KEY: str = env.str("YANDEX_CLOUD_API_KEY", default="").strip()
# Without a key, or with recognition switched off, recordings are stored and can be heard all the same.
YANDEX_STT_ENABLED: bool = bool(YANDEX_CLOUD_API_KEY) and (
    not env.str("YANDEX_STT_ENABLED", default="").strip() or env.bool("YANDEX_STT_ENABLED")
)
YANDEX_STT_URL: str = env.str("YANDEX_STT_URL", default="https://stt.api.cloud.yandex.net").rstrip("/")
YANDEX_OPERATION_URL: str = env.str(
    "YANDEX_OPERATION_URL", default="https://operation.api.cloud.yandex.net"
).rstrip("/")
# What was said while recognition was off is recognised afterwards, unless it is older than this.
VOICE_BACKLOG_DAYS = environment.days("VOICE_BACKLOG_DAYS", default=7, most=3650)
# How long the files of recordings stay; 0: for ever. Transcripts stay in any case.
VOICE_KEEP_DAYS = environment.days("VOICE_KEEP_DAYS", default=0, most=3650)

# --- Language and time ----------------------------------------------------------------------
LANGUAGE_CODE: str = env.str("LANGUAGE_CODE", default="ru")
LANGUAGES = [("ru", _("Russian")), ("en", _("English"))]
# The second fills in for django-unfold, which brings no Russian.
LOCALE_PATHS = [BASE_DIR / "cvgorod_hub/locale", BASE_DIR / "cvgorod_hub/common/unfold_locale"]
TIME_ZONE: str = env.str("TIME_ZONE", default="Europe/Moscow")
if TIME_ZONE not in available_timezones():
    raise ImproperlyConfigured(f"TIME_ZONE is not a time zone: {TIME_ZONE!r} (one is Europe/Moscow).")
FORMAT_MODULE_PATH = ["cvgorod_hub.formats"]
USE_TZ = True
USE_I18N = True

# --- Files ----------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "static-root"
MEDIA_ROOT = DATA_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Without a collectstatic step, as `make run` has none, WhiteNoise serves from the packages.
WHITENOISE_USE_FINDERS = not (STATIC_ROOT / "unfold").exists()

# --- People ---------------------------------------------------------------------------------
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

# --- Logs: events with fields, never message texts, tokens or keys ------------------------------
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
