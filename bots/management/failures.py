"""How a command that talks to Telegram fails: in one line, and with 78 where starting again is no use."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError
from django.db import OperationalError

from bots.poller_lock import PollerLockError
from bots.webhook_setup import WebhookConfigurationError
from cvgorod_hub.common.external import ExternalServiceError


@contextmanager
def one_line() -> Iterator[None]:
    """Raises CommandError for whatever a person can do something about."""
    try:
        yield
    except WebhookConfigurationError as error:
        raise CommandError(str(error), returncode=os.EX_CONFIG) from None
    except ExternalServiceError as error:
        raise CommandError(str(error), returncode=os.EX_CONFIG if error.permanent else 1) from None
    except PollerLockError as error:
        raise CommandError(f"{error} Stop it first.") from None
    except OperationalError as error:
        raise CommandError(f"The database does not answer: {str(error).splitlines()[0]}") from None
