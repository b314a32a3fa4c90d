"""Run the measures on embedded servers, print a table, write bench.json. Names choose some of them.

`api` is all of its calls; `api.messages` is one.
"""

import json
import os
import sys
from importlib import import_module
from pathlib import Path

import django

from tests.bench import admin, api, old
from tests.bench.rows import Row, as_document, as_table

# On the tests' servers and settings; `api`, `admin` and `old` have servers of their own.
MEASURES = ("delivery", "ingest", "tokens")
RESULT = Path("bench.json")


def main(names: list[str]) -> None:
    known = {*MEASURES, "admin", "api", "old", *api.names()}
    if unknown := set(names) - known:
        sys.exit(
            f"error: no such measure: {', '.join(sorted(unknown))} (there are: {', '.join(sorted(known))})"
        )
    of_tests = [name for name in MEASURES if name in names or not names]
    calls = api.names() if not names or "api" in names else [name for name in api.names() if name in names]
    rows: list[Row] = []
    errors: list[str] = []
    try:
        if calls:
            rows, errors = api.measure(calls)
    except api.BenchError as error:
        sys.exit(f"error: {error}")
    if "admin" in names or not names:
        print("measuring admin …", flush=True)  # noqa: T201
        rows += admin.measure()
    if "old" in names or not names:
        print("measuring old …", flush=True)  # noqa: T201
        rows += old.measure()
    if of_tests:
        rows += measure_on_test_servers(of_tests)
    if rows:
        print("\n" + as_table(rows))  # noqa: T201
        RESULT.write_text(json.dumps(as_document(rows), indent=2, ensure_ascii=False) + "\n")
    if errors:
        sys.exit("\n".join(f"error: {error}" for error in errors))


def measure_on_test_servers(names: list[str]) -> list[Row]:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    rows: list[Row] = []
    for name in names:
        print(f"measuring {name} …", flush=True)  # noqa: T201
        rows += import_module(f"tests.bench.{name}").measure()
    return rows


if __name__ == "__main__":
    main(sys.argv[1:])
