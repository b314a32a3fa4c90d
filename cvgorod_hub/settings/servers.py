"""PostgreSQL and Redis."""

from typing import Any
from urllib.parse import quote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from cvgorod_hub import environment
from cvgorod_hub.common.redaction import redact

env = environ.Env()

_services = environment.embedded_services()
DATABASE_URL: str = env.str("DATABASE_URL", default="") or _services.get("database_url", "")
REDIS_URL: str = env.str("REDIS_URL", default="") or _services.get("redis_url", "")
if not DATABASE_URL or not REDIS_URL:
    _missing = "DATABASE_URL" if not DATABASE_URL else "REDIS_URL"
    raise ImproperlyConfigured(
        f"{_missing} is not set, and no hub runs on {environment.data_dir()}. "
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
# A password of its own spares whoever has one with @ or / in it to quote it. PostgreSQL's is PGPASSWORD.
_redis, _password = urlsplit(REDIS_URL), env.str("REDIS_PASSWORD", default="")
if _password and _redis.hostname and _redis.password is None:
    _server = _redis.netloc.rpartition("@")[2]
    REDIS_URL = _redis._replace(
        netloc=f"{_redis.username or ''}:{quote(_password, safe='')}@{_server}"
    ).geturl()
# Without a threshold psycopg prepares nothing. Only statements that ask for it are prepared
# (cvgorod_hub/common/prepared.py), the ORM's own never.
DATABASES["default"].setdefault("OPTIONS", {}).update({"connect_timeout": 5, "prepare_threshold": 5})
DATABASES["default"].update({"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True})
# The database of the hub before this one, only read, by manage.py migrate_from_old.
OLD_DATABASE_URL: str = env.str("OLD_DATABASE_URL", default="").strip()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 5, "socket_connect_timeout": 2},
    }
}
