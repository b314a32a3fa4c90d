"""The order of a list as the key of its rows, and a place in it.

(timestamp, id) < (…, …) is one comparison of whole keys, which one index answers.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db.models import BigIntegerField, DateTimeField, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from cvgorod_hub.api.filters import BIGINT
from cvgorod_hub.common.statements import Param

_FIELDS = {datetime: DateTimeField, int: BigIntegerField}


@dataclass(frozen=True)
class Keyset:
    """The columns that order a list, with their types; the last is unique, none is ever null."""

    columns: Mapping[str, type[datetime] | type[int]]
    newest_first: bool = True

    def order(self, queryset: QuerySet[Any], *, forward: bool = True) -> QuerySet[Any]:
        sign = "-" if self.newest_first == forward else ""
        return queryset.order_by(*(f"{sign}{column}" for column in self.columns))

    def seek(
        self, queryset: QuerySet[Any], key: tuple[Any, ...] | None = None, *, forward: bool = True
    ) -> QuerySet[Any]:
        """What stands after the key (before it, for `forward=False`); without one, Params for `values`."""
        lookup = TupleLessThan if self.newest_first == forward else TupleGreaterThan
        params = tuple(Param(_key_name(name), _FIELDS[kind]()) for name, kind in self.columns.items())
        return queryset.filter(lookup(Tuple(*self.columns), key or params))

    def values(self, key: tuple[Any, ...]) -> dict[str, Any]:
        return {_key_name(name): value for name, value in zip(self.columns, key, strict=True)}


@dataclass(frozen=True)
class Cursor:
    """A place in a list, and which way to read from it."""

    key: tuple[Any, ...]
    forward: bool = True

    def encode(self) -> str:
        return base64.urlsafe_b64encode(orjson.dumps([int(self.forward), *self.key])).decode().rstrip("=")

    @classmethod
    def at(cls, key: str, *, forward: bool = True) -> "Cursor":
        """At a row, whose key is a JSON array as a statement gives it."""
        return cls(tuple(orjson.loads(key)), forward)

    @classmethod
    def decode(cls, text: str, keyset: Keyset) -> "Cursor":
        """Raises ValueError for anything that `encode` did not make for this keyset."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            forward, *values = orjson.loads(raw)
        except (binascii.Error, orjson.JSONDecodeError, TypeError) as error:
            raise ValueError("not a cursor") from error
        kinds = list(keyset.columns.values())
        if forward not in (0, 1) or len(values) != len(kinds):
            raise ValueError("not a cursor of this list")
        key = tuple(_restore(value, kind) for value, kind in zip(values, kinds, strict=True))
        return cls(key=key, forward=bool(forward))


def _restore(value: object, kind: type) -> object:
    if kind is datetime and isinstance(value, str):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment
    if kind is int and type(value) is int and -BIGINT <= value < BIGINT:
        return value
    raise ValueError("not a cursor of this list")


def _key_name(column: str) -> str:
    return f"{column} of the cursor"
