"""What of an exception may leave the process: its kind always, its words where no person's can be in them.

A ValueError repeats the value, PostgreSQL the whole row that it refused. So words are told by kind, never
by how they look; of all other kinds the place in the code has to do.
"""

import re
import traceback
from collections.abc import Iterator

import psycopg
from django.core.exceptions import ImproperlyConfigured, ObjectDoesNotExist
from django.db import Error as DatabaseError

from cvgorod_hub.common.external import ExternalServiceError
from cvgorod_hub.common.redaction import redact

# What these say was written by whoever wrote the code: names of attributes, modules and settings.
_CODE_ONLY = (
    ExternalServiceError,
    ImproperlyConfigured,
    ObjectDoesNotExist,
    AttributeError,
    NameError,
    ImportError,
    TypeError,
    IndexError,
    ArithmeticError,
    RecursionError,
    NotImplementedError,
)
_QUOTED = re.compile('".*"', re.DOTALL)
# The class of SQLSTATE whose errors quote names of constraints; others quote values, or the statement.
_CONSTRAINTS = "23"


def words_of(error: BaseException) -> str:
    """What it says, as far as that can hold nothing that anybody wrote; "" otherwise."""
    if isinstance(error, DatabaseError | psycopg.Error):
        return redact(_of_database(error))
    if isinstance(error, OSError):  # its file or address is not told
        return error.strerror or ""
    return redact(str(error)) if isinstance(error, _CODE_ONLY) else ""


def describe(error: BaseException) -> str:
    """`DoesNotExist: Chat matching query does not exist.`, or the kind alone."""
    return f"{type(error).__name__}: {words}" if (words := words_of(error)) else type(error).__name__


def stack_of(error: BaseException) -> str:
    """Where it and what led to it was raised, the first cause first, in the words of `describe`."""
    return "\n".join(
        "".join(traceback.format_tb(each.__traceback__)) + describe(each)
        for each in reversed([*chain(error)])
    )


def chain(error: BaseException) -> Iterator[BaseException]:
    """It, what a group holds, and what led to each of them; none twice."""
    waiting, seen = [error], set[int]()
    while waiting:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        led_to_it = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
        waiting += [*getattr(each, "exceptions", ()), *([led_to_it] if led_to_it else [])]


def without_words(text: str, error: BaseException) -> str:
    """The text without what the error, or one that led to it, says in it."""
    for each in chain(error):
        for said in sorted({repr(each), str(each)} - {""}, key=len, reverse=True):
            text = text.replace(said, describe(each))
    return text


def _of_database(error: BaseException) -> str:
    """PostgreSQL's first line: the others hold rows. Without a state it is the driver's own word."""
    told = error if isinstance(error, psycopg.Error) else error.__cause__
    if not isinstance(told, psycopg.Error) or told.sqlstate is None:
        return str(error)
    primary = told.diag.message_primary or ""
    if told.sqlstate[:2] != _CONSTRAINTS:
        primary = _QUOTED.sub('"…"', primary)
    return f"{told.sqlstate} {primary}".strip()
