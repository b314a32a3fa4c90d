"""Run the measures on embedded servers, print a table, write bench.json. Names choose some of them."""

import json
import os
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import django

from tests.bench.rows import Row

MEASURES = ("delivery", "ingest")
RESULT = Path("bench.json")


def main(names: list[str]) -> None:
    if unknown := set(names) - set(MEASURES):
        sys.exit(f"error: no such measure: {', '.join(sorted(unknown))} (there are: {', '.join(MEASURES)})")
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    rows: list[Row] = []
    for name in names or MEASURES:
        print(f"measuring {name} …", flush=True)  # noqa: T201
        rows += import_module(f"tests.bench.{name}").measure()
    show(rows)
    RESULT.write_text(json.dumps([asdict(row) | {"ratio": row.ratio} for row in rows], indent=2) + "\n")


def show(rows: list[Row]) -> None:
    print(f"\n{'measure':58} {'value':>9} {'bound':>9} {'':4} {'ratio':>6}  goal")  # noqa: T201
    for row in rows:
        print(  # noqa: T201
            f"{row.name:58} {row.value:9.2f} {row.bound:9.2f} {row.unit:4} {row.ratio:6.2f}  {row.goal}"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
