"""The SQL that a call sends, noted as Django hands it to PostgreSQL."""

import json
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.bench.api import pgbench
from tests.bench.api.targets import WrongAnswerError
from tests.bench.api.wrk import Load


def scripts_of(load: Load) -> list[str]:
    """A pgbench script for each path (or body) of the load."""
    if load.bodies:
        return [_script(load, load.paths[0], body) for body in load.bodies]
    return [_script(load, path, None) for path in load.paths]


def _script(load: Load, path: str, body: str | None) -> str:
    client = Client(SERVER_NAME="127.0.0.1", headers={"X-API-Key": load.key})
    if body is None:
        client.get(path)  # what only a first request does is no matter of this one
        with CaptureQueriesContext(connection) as noted:
            answer: Any = client.get(path)
        stored = None
    else:
        with CaptureQueriesContext(connection) as noted:
            answer = client.post(
                path,
                body,
                content_type="application/json",
                headers={"X-API-Key": load.key, "Idempotency-Key": pgbench.SENTINEL},
            )
        stored = json.loads(answer.content)["id"]
        _forget(stored)
    if answer.status_code not in (200, 201):
        raise WrongAnswerError(f"{path}: {answer.status_code}: {answer.content[:300]!r}")
    statements = [query["sql"] for query in noted.captured_queries]
    if not statements:
        raise WrongAnswerError(f"{path}: no SQL of it was noted")
    return pgbench.script_of(statements, stored_key=stored)


def _forget(stored: int) -> None:
    """Let the next body use the same key."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pending_responses SET idempotency_key = NULL WHERE id = %s", [stored])
