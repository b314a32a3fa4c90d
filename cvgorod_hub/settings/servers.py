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


def _database(name: str, url: str) -> dict[str, Any]:
    """As Django's DATABASES takes it; `name` is the variable that gave the URL."""
    try:
        database: dict[str, Any] = env.db_url_config(url)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} cannot be read: {redact(str(error))}") from None
    if database.get("ENGINE") != "django.db.backends.postgresql":
        raise ImproperlyConfigured(
            f"{name} must name a PostgreSQL database (postgres://user:password@host:port/name): "
            "search and locks are PostgreSQL's."
        )
    # Without a threshold psycopg prepares nothing. Only statements that ask for it are prepared
    # (cvgorod_hub/common/prepared.py), the ORM's own never.
    database.setdefault("OPTIONS", {}).update({"connect_timeout": 5, "prepare_threshold": 5})
    # A server that is gone without a word is noticed within a minute or so: by itself, TCP would let
    # whoever waits for an answer wait for two hours.
    database["OPTIONS"].update(
        {
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "tcp_user_timeout": 60_000,
        }
    )
    return database | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}


DATABASES: dict[str, dict[str, Any]] = {"default": _database("DATABASE_URL", DATABASE_URL)}
# What stands between (docs/scaling.md). "transaction": a pooler gives each transaction a connection of the
# server, so nothing may stay behind in one: no prepared statement, no cursor, no lock of a session.
DATABASE_POOLER: str = env.str("DATABASE_POOLER", default="")
DATABASE_DIRECT_URL: str = env.str("DATABASE_DIRECT_URL", default="")
if DATABASE_POOLER not in {"", "transaction"}:
    raise ImproperlyConfigured(f"DATABASE_POOLER is not a way of pooling: {DATABASE_POOLER!r} (transaction).")
if DATABASE_POOLER and not DATABASE_DIRECT_URL:
    raise ImproperlyConfigured(
        "DATABASE_DIRECT_URL is not set. Behind a pooler the collector, imports and erasing need "
        "locks of a session, and so a way to PostgreSQL past it."
    )
if DATABASE_DIRECT_URL:
    DATABASES["direct"] = _database("DATABASE_DIRECT_URL", DATABASE_DIRECT_URL)
# A standby, read by calls of the API that may miss the last seconds (cvgorod_hub/common/replica.py).
DATABASE_REPLICA_URL: str = env.str("DATABASE_REPLICA_URL", default="")
DATABASE_REPLICA_MAX_LAG_SECONDS: int = environment.seconds("DATABASE_REPLICA_MAX_LAG", default=10, most=3600)
DATABASE_ROUTERS: list[str] = []
if DATABASE_REPLICA_URL:
    DATABASES["replica"] = _database("DATABASE_REPLICA_URL", DATABASE_REPLICA_URL)
    # Who waits for it could have been answered by the primary meanwhile.
    DATABASES["replica"]["OPTIONS"]["connect_timeout"] = 2
    DATABASE_ROUTERS = ["cvgorod_hub.common.replica.ReplicaRouter"]
if DATABASE_POOLER:
    for _name in DATABASES.keys() - {"direct"}:
        DATABASES[_name]["OPTIONS"]["prepare_threshold"] = None
        DATABASES[_name]["DISABLE_SERVER_SIDE_CURSORS"] = True
if not REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
    raise ImproperlyConfigured("REDIS_URL must name a Redis server (redis://user:password@host:port/number).")
# A password of its own spares whoever has one with @ or / in it to quote it. PostgreSQL's is PGPASSWORD.
_redis, _password = urlsplit(REDIS_URL), env.str("REDIS_PASSWORD", default="")
if _password and _redis.hostname and _redis.password is None:
    _server = _redis.netloc.rpartition("@")[2]
    REDIS_URL = _redis._replace(
        netloc=f"{_redis.username or ''}:{quote(_password, safe='')}@{_server}"
    ).geturl()
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
