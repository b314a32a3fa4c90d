"""What a person sees when the hub is not set up: one line that says what to do."""

from pathlib import Path

import pytest

from tests.cvgorod_hub.running_hub import manage

GIVEN = {
    "DJANGO_SECRET_KEY": "given",
    "DATABASE_URL": "postgres://hub:secret-word@127.0.0.1:9/hub",
    "REDIS_URL": "redis://127.0.0.1:9/0",
}


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        pytest.param(
            {"DJANGO_SECRET_KEY": ""},
            "DJANGO_SECRET_KEY is not set. Set it to a long random string, or start the hub with "
            "`make run`, which makes one for this machine.",
            id="no secret key",
        ),
        pytest.param(
            {"DATABASE_URL": ""},
            "DATABASE_URL is not set, and no hub runs on {data}. "
            "Set it, or start the hub with `make run` first.",
            id="no database",
        ),
        pytest.param(
            {"REDIS_URL": ""},
            "REDIS_URL is not set, and no hub runs on {data}. "
            "Set it, or start the hub with `make run` first.",
            id="no redis",
        ),
        pytest.param(
            {"DATABASE_URL": "sqlite:///hub.sqlite3"},
            "DATABASE_URL must name a PostgreSQL database (postgres://user:password@host:port/name): "
            "search and locks are PostgreSQL's.",
            id="another kind of database",
        ),
        pytest.param(
            {"DATABASE_POOLER": "session"},
            "DATABASE_POOLER is not a way of pooling: 'session' (transaction).",
            id="another way of pooling",
        ),
        pytest.param(
            {"DATABASE_POOLER": "transaction"},
            "DATABASE_DIRECT_URL is not set. Behind a pooler the collector, imports and erasing need "
            "locks of a session, and so a way to PostgreSQL past it.",
            id="no way past the pooler",
        ),
        pytest.param(
            {"DATABASE_REPLICA_MAX_LAG": "soon"},
            "DATABASE_REPLICA_MAX_LAG is not a number of seconds from 0 to 3600: 'soon'.",
            id="no lag",
        ),
        pytest.param(
            {"REDIS_URL": "amqp://127.0.0.1"},
            "REDIS_URL must name a Redis server (redis://user:password@host:port/number).",
            id="another kind of broker",
        ),
        pytest.param(
            {"TIME_ZONE": "Europe/Nowhere"},
            "TIME_ZONE is not a time zone: 'Europe/Nowhere' (one is Europe/Moscow).",
            id="no time zone",
        ),
        pytest.param(
            {"HUB_LOG_LEVEL": "loud"},
            "HUB_LOG_LEVEL is not a level: 'LOUD' (DEBUG, INFO, WARNING, ERROR or CRITICAL).",
            id="no log level",
        ),
        pytest.param(
            {"MESSAGES_KEEP_DAYS": "30"},
            "MESSAGES_KEEP_DAYS=30 is too short: deliveries of webhooks hold the same words for 90 days. "
            "Give at least that, or 0 to keep words for ever.",
            id="words kept for too short",
        ),
        pytest.param(
            {"MESSAGES_KEEP_DAYS": "1095", "RAW_UPDATES_KEEP_DAYS": "0"},
            "RAW_UPDATES_KEEP_DAYS=0 keeps the words that MESSAGES_KEEP_DAYS=1095 takes away. "
            "Make it as short, or shorter.",
            id="raw updates kept for longer than their words",
        ),
        pytest.param(
            {"TELEGRAM_REVIEW_CHAT_ID": "@review"},
            "TELEGRAM_REVIEW_CHAT_ID is not the number of a chat: '@review' (one is -1001234567890).",
            id="no review chat",
        ),
        pytest.param(
            {"HUB_PUBLIC_URL": "hub.example.com"},
            "HUB_PUBLIC_URL is not an address: 'hub.example.com' (one is https://hub.example.com).",
            id="no public address",
        ),
        pytest.param(
            {"HUB_REPORT_EMAIL": "director@example.com"},
            "HUB_REPORT_EMAIL is set, and EMAIL_URL is not: say which server takes the mail "
            "(smtp+tls://user:password@host:587).",
            id="no mail server",
        ),
        pytest.param(
            {"EMAIL_URL": "mail.example.com"},
            "EMAIL_URL cannot be read: 'mail.example.com' (one is smtp+tls://user:password@host:587).",
            id="no address of a mail server",
        ),
        pytest.param(
            {"HUB_REPORT_HOUR": "24"},
            "HUB_REPORT_HOUR is not an hour from 0 to 23: '24'.",
            id="no hour",
        ),
    ],
)
def test_a_setting_that_is_missing_or_wrong_is_one_line(
    folder: Path, changed: dict[str, str], line: str
) -> None:
    done = manage(folder, "check", **{**GIVEN, **changed})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: {line.format(data=folder)}\n"


def test_a_database_that_does_not_answer_is_one_line_without_the_password(folder: Path) -> None:
    done = manage(folder, "migrate", **GIVEN)
    assert done.returncode == 1
    assert done.stderr.startswith("error: PostgreSQL cannot be reached: ")
    assert "Connection refused" in done.stderr
    assert done.stderr.count("\n") == 1
    assert "secret-word" not in done.stderr


def test_a_database_url_that_cannot_be_read_is_one_line_without_the_password(folder: Path) -> None:
    url = "postgres://hub:secret-word@127.0.0.1:port/hub"
    done = manage(folder, "check", **{**GIVEN, "DATABASE_URL": url})
    assert done.returncode == 1
    assert done.stderr.startswith("error: DATABASE_URL cannot be read: ")
    assert done.stderr.count("\n") == 1
    assert "secret-word" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "line"),
    [
        pytest.param(("--only", "web,mailer"), {}, "choose from web, worker, beat, collector", id="only"),
        pytest.param(("--port", "99999"), {}, "'99999' is not a port (1 to 65535)", id="port"),
        pytest.param((), {"HUB_PORT": "abc"}, "'abc' is not a port (1 to 65535)", id="HUB_PORT"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_starts(
    folder: Path, arguments: tuple[str, ...], environment: dict[str, str], line: str
) -> None:
    done = manage(folder / "data", "runhub", *arguments, **environment)
    assert done.returncode != 0
    assert line in done.stderr.splitlines()[-1]
    assert not (folder / "data").exists()


def test_help_needs_nothing(folder: Path) -> None:
    done = manage(folder / "data", "runhub", "--help")
    assert done.returncode == 0
    assert "--only" in done.stdout
    assert not (folder / "data").exists()


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        pytest.param(
            {"REDIS_URL": "redis://127.0.0.1:9/0"}, "Redis cannot be reached at REDIS_URL.", id="redis"
        ),
        pytest.param(
            {"DATABASE_URL": "postgres://127.0.0.1:9/hub"},
            "PostgreSQL cannot be reached: ",
            id="postgres",
        ),
    ],
)
def test_runhub_with_a_server_that_does_not_answer_is_one_line(
    folder: Path, changed: dict[str, str], line: str
) -> None:
    done = manage(folder / "data", "runhub", "--no-demo", "--only", "beat", **changed)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {line}")
    assert done.stderr.count("\n") == 1


def test_runhub_on_a_foreign_folder_is_one_line_and_leaves_it_alone(folder: Path) -> None:
    (folder / "diary.txt").write_text("mine", encoding="utf-8")
    done = manage(folder, "runhub", "--no-demo", "--only", "beat")
    assert done.returncode == 1
    assert done.stderr == (f"error: {folder} is not a data folder of the hub; choose another HUB_DATA_DIR.\n")
    assert [path.name for path in folder.iterdir()] == ["diary.txt"]
