"""Why a backup or a restore was not done, in one line for a person."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.core.management.base import CommandError

from cvgorod_hub.common.redaction import redact


class KeepingError(Exception):
    """`returncode` of the command: 78 where something must be set up differently first."""

    returncode = 1


class SetupError(KeepingError):
    """The same call fails again until somebody changes how the hub, or this machine, is set up."""

    returncode = os.EX_CONFIG


@contextmanager
def one_line() -> Iterator[None]:
    """Raises CommandError for whatever a person can do something about."""
    try:
        yield
    except KeepingError as error:
        raise CommandError(str(error), returncode=error.returncode) from None
    except psycopg.Error as error:
        text = " ".join(str(error).split())
        raise CommandError(f"PostgreSQL: {redact(text) or type(error).__name__}") from None
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise CommandError(f"{where}{error.strerror or type(error).__name__}") from None
