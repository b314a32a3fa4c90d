import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from cvgorod_hub.common import redaction
from cvgorod_hub.common.redaction import RedactingFormatter, redact

TOKEN = "123456789:AAHfPlainlyInvented_tokenForTests12345"


@pytest.mark.parametrize(
    "text",
    [
        f"https://api.telegram.org/bot{TOKEN}/sendMessage",
        f"token={TOKEN}",
        "redis://:hunter2secret@127.0.0.1:6379/0",
        "postgres://hub:hunter2secret@db/hub",
        "X-API-Key: hunter2secret",
        "Authorization: Bearer hunter2secret",
        "{'Authorization': 'Api-Key hunter2secret'}",
        "cvh_hunter2secret_rest",
        "sk-hunter2secret",
        "whsec_hunter2secret/aB+c=",
    ],
)
def test_no_secret_is_left_in_a_text(text: str) -> None:
    redacted = redact(text)

    assert "hunter2secret" not in redacted
    assert TOKEN.partition(":")[2] not in redacted


# Each shape once, and what may stand beside it.
PIECES = (
    *(f"123456:{'A' * 20}", f"bot1:{'a' * 4}", "://hub:abcd@", "Authorization: abcd", "x-api-key=abcd"),
    *("Bearer abcd", "my-secret_token: abcd", "cvh_abcd2345", "sk-abcd2345", "whsec_abcd2345"),
    *(f"AQVN{'a' * 20}", f"t1.{'a' * 6}.{'a' * 20}", "otpauth://totp/hub?secret=abcd"),
    *(" ", ":", "/", "'", "x"),
)
CASES = (str, str.lower, str.upper)


@given(st.lists(st.builds(lambda case, piece: case(piece), st.sampled_from(CASES), st.sampled_from(PIECES))))
def test_marks_spare_only_texts_that_a_pattern_would_leave_alone(pieces: list[str]) -> None:
    text = looked_through = "".join(pieces)
    for shape in redaction._SHAPES:
        looked_through = shape.pattern.sub(shape.replacement, looked_through)

    assert redact(text) == looked_through


@pytest.mark.parametrize("name", ["METRICS_TOKEN", "EMAIL_HOST_PASSWORD", "SENTRY_DSN"])
def test_what_the_hub_was_given_is_known_however_it_stands(name: str, settings: Settings) -> None:
    setattr(settings, name, "plainly-invented/word")

    assert redact(f"refused <plainly-invented/word> and plainly-invented%2Fword ({name})") == (
        f"refused <[secret]> and [secret] ({name})"
    )


@pytest.mark.parametrize("name", ["DATABASE_DIRECT_URL", "DATABASE_REPLICA_URL", "OLD_DATABASE_URL"])
def test_a_password_of_an_address_is_known_by_itself(name: str, settings: Settings) -> None:
    setattr(settings, name, "postgres://hub:plainly%2Finvented@db/hub")

    assert redact("password plainly/invented refused") == "password [secret] refused"


def test_a_text_without_secrets_stays_as_it_is() -> None:
    text = "Роза Фридом 50 см: 88 р., доставка в 10:30, чат -1001234567890"

    assert redact(text) == text


def test_the_formatter_redacts_the_stack_too() -> None:
    try:
        raise RuntimeError(f"cannot reach bot{TOKEN}/getMe")
    except RuntimeError as error:
        record = logging.LogRecord("x", logging.ERROR, "", 1, "failed", (), (type(error), error, None))

    assert TOKEN not in RedactingFormatter().format(record)
