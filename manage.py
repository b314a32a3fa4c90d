#!/usr/bin/env python
"""The hub's command line: `manage.py help` lists the commands."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line, load_command_class
from django.db.utils import OperationalError


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cvgorod_hub.settings")
    try:
        from cvgorod_hub import environment  # reads the environment, which may be found wanting

        environment.load()
        if sys.argv[1:2] == ["runhub"]:
            # It brings up what the settings ask for, so it starts before there are settings.
            load_command_class("cvgorod_hub", "runhub").run_from_argv(sys.argv)
        else:
            execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"error: {error}")
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) is not None:
            raise  # PostgreSQL was reached, and has more to say than one line
        sys.exit(f"error: PostgreSQL cannot be reached: {_one_line(error)}")


def _one_line(error: OperationalError) -> str:
    from cvgorod_hub.common.redaction import redact

    return redact(" ".join(str(error).split()))


if __name__ == "__main__":
    main()
