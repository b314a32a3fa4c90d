"""Asking the database for so long and no longer, whatever has become of it."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction

from cvgorod_hub.common.deadlines import Deadline

# PostgreSQL ends a statement before the connection is cut, where it still can.
POSTGRESQL_GIVES_UP = 0.75


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What is asked of the database here is over in time: by PostgreSQL's clock, else the connection is cut.

    Raises an error of django.db then. A new connection has its own limit (`connect_timeout`). All that is
    asked here is one transaction.
    """
    with Deadline(seconds) as deadline:
        _guard(deadline)
        # Else Django would find a connection that was cut unfit, and take its time for a new one.
        connection.close_if_health_check_failed()
        if deadline.is_over:
            raise OperationalError("no answer in time")
        with transaction.atomic(), connection.cursor() as cursor:
            _guard(deadline)
            milliseconds = int(seconds * 1000 * POSTGRESQL_GIVES_UP)
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{milliseconds}ms"])
            yield


def _guard(deadline: Deadline) -> None:
    """A cut connection answers with an error, where one that hangs would not answer at all."""
    if connection.connection is not None and not connection.connection.closed:
        with socket.socket(fileno=os.dup(connection.connection.fileno())) as held:
            # The flag is the connection's own, whatever the handle: libpq would wait for ever in a read.
            held.setblocking(False)
            try:
                deadline.guard(held)
            except TimeoutError as error:
                raise OperationalError("no answer in time") from error
