#!/usr/bin/env python
"""The hub's command line: `manage.py help` lists the commands."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line, load_command_class
from django.db.utils import OperationalError

from cvgorod_hub.common.redaction import redact, redact_uncaught

# They bring up what the settings ask for, so they start before there are settings.
BRING_UP_SERVERS = ("runhub", "backup", "restore")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cvgorod_hub.settings")
    redact_uncaught()
    try:
        from cvgorod_hub import environment  # reads the environment, which may be found wanting

        environment.load()
        if sys.argv[1:2] and sys.argv[1] in BRING_UP_SERVERS:
            load_command_class("cvgorod_hub", sys.argv[1]).run_from_argv(sys.argv)
        else:
            execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"error: {error}")
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) is not None:
            raise  # PostgreSQL was reached, and has more to say than one line
        sys.exit(f"error: PostgreSQL cannot be reached: {_one_line(error)}")


def _one_line(error: OperationalError) -> str:
    return redact(" ".join(str(error).split()))


if __name__ == "__main__":
    main()
