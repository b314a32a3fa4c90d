"""PostgreSQL and Redis without anything installed: servers that come in wheels (development, tests).

Both listen where only this machine's user reaches them: PostgreSQL on a socket in a folder of its own, Redis
on loopback behind a password. One process at a time runs servers on a folder (data_folder.py sees to that),
so a server that still runs there was left behind by a process that was killed.
"""

from cvgorod_hub.embedded.errors import EmbeddedServerError
from cvgorod_hub.embedded.postgres import embedded_postgres
from cvgorod_hub.embedded.redis_server import embedded_redis, free_port

__all__ = ["EmbeddedServerError", "embedded_postgres", "embedded_redis", "free_port"]
