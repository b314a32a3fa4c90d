"""Runs all checks and says of each how it went: "ok", "FAILED", or "NOT CHECKED" with the reason.

Only what could not be asked (a service on the internet) is ever not checked; with `HUB_REQUIRE_AUDIT` set
this fails, too.
"""

import os
import sys
from collections.abc import Callable

from tests.audit import characters, code, dependencies, secrets
from tests.audit.result import Result

CHECKS: dict[str, Callable[[], Result]] = {
    "dependencies": dependencies.check,
    "code": code.check,
    "secrets in files": secrets.check_files,
    "secrets in the history": secrets.check_history,
    "characters": characters.check,
}


def main() -> int:
    is_strict = bool(os.environ.get("HUB_REQUIRE_AUDIT"))
    failed = False
    for name, check in CHECKS.items():
        result = check()
        print(f"{name:24} {result.verdict}", flush=True)  # noqa: T201
        for line in result.lines:
            print(f"    {line}")  # noqa: T201
        failed |= result.is_bad or (is_strict and not result.was_checked)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
