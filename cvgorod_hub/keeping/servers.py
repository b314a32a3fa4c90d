"""PostgreSQL for a command that may run with the hub, or without it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from cvgorod_hub import environment
from cvgorod_hub.embedded import EmbeddedServerError
from cvgorod_hub.keeping.errors import SetupError
from cvgorod_hub.runner.data_folder import held_data_folder, is_held, running_services


@contextmanager
def servers_at_hand(*, hub_may_run: bool) -> Iterator[None]:
    """What DATABASE_URL and REDIS_URL name, the running hub's servers, or those of a hub that is stopped.

    The last are started for this command, which holds the data folder meanwhile. Raises SetupError, and
    ImproperlyConfigured where the folder is no hub's.
    """
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        yield
    elif is_held():
        if not hub_may_run:
            raise SetupError(f"a hub runs on {environment.data_dir()}: stop it first.")
        yield
    else:
        try:
            with held_data_folder() as folder, running_services(folder, demo=False):
                environment.ensure_secret_key()
                yield
        except EmbeddedServerError as error:
            raise SetupError(str(error)) from None
