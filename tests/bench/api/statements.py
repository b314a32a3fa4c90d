"""The SQL that a call sends, noted as Django hands it to PostgreSQL."""

from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.bench.api import pgbench
from tests.bench.api.targets import WrongAnswerError
from tests.bench.api.wrk import Load


def scripts_of(load: Load) -> list[str]:
    """A pgbench script for each path of the load."""
    return [_script(load, path) for path in load.paths]


def _script(load: Load, path: str) -> str:
    client = Client(SERVER_NAME="127.0.0.1", headers={"X-API-Key": load.key})
    client.get(path)  # what only a first request does is no matter of this one
    with CaptureQueriesContext(connection) as noted:
        answer: Any = client.get(path)
    if answer.status_code != 200:
        raise WrongAnswerError(f"{path}: {answer.status_code}: {answer.content[:300]!r}")
    statements = [query["sql"] for query in noted.captured_queries]
    if not statements:
        raise WrongAnswerError(f"{path}: no SQL of it was noted")
    return pgbench.script_of(statements)
