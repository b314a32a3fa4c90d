"""What an exception may say outside: nothing that a person wrote, and enough to find what broke."""

from collections.abc import Callable

import pytest
from django.db import DataError, Error, IntegrityError, ProgrammingError, connection, transaction

from cvgorod_hub.common.external import ExternalServiceError
from cvgorod_hub.watching.errors import chain, describe, stack_of, without_words
from messaging.models import Chat
from tests.watching.words import TEXT


def caught(raise_it: Callable[[], object], kind: type[Exception] = Exception) -> Exception:
    with pytest.raises(kind) as info:
        raise_it()
    return info.value


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError(TEXT), "ValueError"),
        (KeyError(TEXT), "KeyError"),
        (RuntimeError(TEXT), "RuntimeError"),
        (UnicodeEncodeError("ascii", TEXT, 0, 1, "no"), "UnicodeEncodeError"),
        (FileNotFoundError(2, "No such file or directory", f"/media/{TEXT}"), None),
        (ExternalServiceError("Telegram answers 502"), "ExternalServiceError: Telegram answers 502"),
        (AttributeError("'NoneType' object has no attribute 'chat'"), None),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (
            ExternalServiceError("failed at bot123456789:AAHfiqksKZ8WmR2zSjiQ7_v4TMAKdiHm9T0"),
            "ExternalServiceError: failed at [token]",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_words_are_told_by_kind(error: Exception, told: str | None) -> None:
    assert TEXT not in describe(error)
    assert describe(error).startswith(type(error).__name__)
    assert told is None or describe(error) == told


@pytest.mark.django_db
class TestDatabase:
    def ask(self, sql: str, *values: object) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, values)

    @pytest.mark.parametrize(
        ("sql", "kind", "told"),
        [
            ("SELECT %s::int", DataError, 'DataError: 22P02 invalid input syntax for type integer: "…"'),
            (f'SELECT "{TEXT}" %s', ProgrammingError, 'ProgrammingError: 42704 type "…" does not exist'),
            ("SELECT nothing FROM chats WHERE name = %s", ProgrammingError, None),
        ],
    )
    def test_what_a_statement_held_is_not_told(self, sql: str, kind: type[Error], told: str | None) -> None:
        error = caught(lambda: self.ask(sql, TEXT), kind)

        assert told is None or describe(error) == told
        assert describe(error).startswith(f"{kind.__name__}: ")
        assert TEXT not in stack_of(error)

    def test_the_row_that_was_refused_is_not_told(self) -> None:
        def store() -> None:
            with transaction.atomic():
                Chat.objects.create(pk=-1, name="сто роз", chat_type=None)  # type: ignore[misc]

        error = caught(store, IntegrityError)

        assert "сто роз" in str(error)
        assert describe(error) == (
            'IntegrityError: 23502 null value in column "chat_type" of relation "chats" violates '
            "not-null constraint"
        )
        assert "Failing row" not in stack_of(error)
        assert "in store" in stack_of(error)


def test_the_stack_names_what_led_to_it_first() -> None:
    def break_twice() -> None:
        try:
            int(TEXT)
        except ValueError as error:
            raise RuntimeError(TEXT) from error

    stack = stack_of(caught(break_twice))

    assert TEXT not in stack
    assert stack.index("\nValueError") < stack.index("RuntimeError")
    assert "break_twice" in stack


def test_a_group_tells_of_each() -> None:
    group = ExceptionGroup(TEXT, [ValueError(TEXT), ZeroDivisionError("division by zero")])

    assert [type(error).__name__ for error in chain(group)] == [
        "ExceptionGroup",
        "ValueError",
        "ZeroDivisionError",
    ]
    assert TEXT not in stack_of(group)


def test_a_circle_of_causes_ends() -> None:
    first, second = ValueError("1"), ValueError("2")
    first.__cause__, second.__cause__ = second, first

    assert list(chain(first)) == [first, second]


def test_a_line_loses_what_its_error_says() -> None:
    error = ValueError(TEXT)
    line = f"Task x raised unexpected: {error!r} ({error})"

    assert without_words(line, error) == "Task x raised unexpected: ValueError (ValueError)"
