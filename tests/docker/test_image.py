"""What the Dockerfile promises, as far as it can be read; building it needs a registry."""

import re

from tests.docker.compose import ROOT, services

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
FINAL = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]


def test_the_base_is_of_a_fixed_version() -> None:
    images = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    postgres = services()["postgres"]["image"]
    # The server's tools come from the server's image, whose libraries must fit those of Python's.
    assert images == ["python:3.11-slim-bookworm", "base", postgres, "base"]
    assert postgres.endswith("-bookworm")


def test_the_image_runs_as_nobody_special() -> None:
    assert re.findall(r"^USER (\S+)", FINAL, re.MULTILINE) == ["10001:10001"]
    assert "useradd --uid 10001" in FINAL


def test_only_locked_wheels_come_in() -> None:
    install = DOCKERFILE[DOCKERFILE.index("-m pip") : DOCKERFILE.index("COPY . .")]
    assert {"--require-hashes", "--only-binary :all:"} <= set(re.findall(r"--[\w-]+(?: :all:)?", install))
    assert "gcc" not in DOCKERFILE
    assert "pip" not in FINAL


def test_whoever_runs_it_is_asked_for_health() -> None:
    script = re.search(r"HEALTHCHECK .*\n\s+CMD .*\"/app/(\S+)\"", FINAL)
    assert script
    assert (ROOT / script[1]).is_file()


def test_only_what_runs_comes_into_the_image() -> None:
    lines = [
        line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] != "#"
    ]
    assert lines[0] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == {
        *("bots", "clients", "cvgorod_hub", "intents", "messaging", "sandbox"),
        *("manage.py", "requirements/base.txt", "LICENSE"),
    }
    assert {"**/__pycache__", "**/*.pyc"} <= set(lines)
