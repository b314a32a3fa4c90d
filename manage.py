#!/usr/bin/env python
"""The hub's command line: `manage.py help` lists the commands."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from cvgorod_hub import environment


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cvgorod_hub.settings")
    environment.load()
    if sys.argv[1:2] == ["runhub"]:
        # The one command that sets a machine up: it makes the key that settings then ask for.
        environment.ensure_secret_key()
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
