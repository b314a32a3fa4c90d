"""The audit finds what is planted, and never takes what could not be asked for "none"."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.audit import __main__ as audit
from tests.audit import dependencies, secrets
from tests.audit.characters import hidden_in
from tests.audit.result import Result
from tests.audit.secrets import Line, digest_of, find

# Put together here, or the audit would find them.
PLANTED = {
    "Telegram Bot Token": "12345678" + ":" + "AAH" + "plainlyInvented" * 2 + "xy",
    "Key of a neighbour": "AQVN" + "plainlyInvented0123456789abcdefghijklmn",
    "Private Key": "-----BEGIN RSA PRIVATE " + "KEY-----",
    "Basic Auth Credentials": "postgres://hub:" + "plainly-invented" + "@db.example.com/hub",
}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_key_is_found_and_never_shown(kind: str) -> None:
    found = list(find([Line("a.py", "a.py:7", f'value = "{PLANTED[kind]}"')]))

    assert ("a.py:7", kind) in {(place, named) for place, named, _digest in found}
    assert PLANTED[kind] not in str(found)


def test_what_is_listed_as_invented_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    line = Line("a.py", "a.py:7", f'value = "{PLANTED["Key of a neighbour"]}"')
    listed = tmp_path / "invented.json"
    monkeypatch.setattr(secrets, "INVENTED", listed)
    listed.write_text("{}")
    assert secrets._check([line], "").findings == ("a.py:7: Key of a neighbour",)

    listed.write_text(json.dumps({digest_of(PLANTED["Key of a neighbour"]): "for this test"}))
    assert not secrets._check([line], "").is_bad


def test_hidden_characters_are_named_with_their_line() -> None:
    assert hidden_in("a\nif x:\u202e return".encode()) == ["2: RIGHT-TO-LEFT OVERRIDE"]
    assert hidden_in("обычные слова: «да»\u00a0— 5 шт. 👩".encode()) == []
    assert hidden_in(b"\x89PNG\xff") == []


def test_a_vulnerability_and_a_package_left_out_are_findings() -> None:
    report: dict[str, Any] = {
        "dependencies": [
            {"name": "good", "version": "1", "vulns": []},
            {"name": "bad", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]},
            {"name": "odd", "skip_reason": "not on PyPI"},
        ]
    }

    assert dependencies.judge(report, "pypi") == Result(
        ("bad 2: PYSEC-1, fixed in ['3']", "odd: skipped, not on PyPI"), note="3 packages, asked: pypi"
    )


def test_a_service_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*command: object, **options: object) -> "subprocess.CompletedProcess[str]":
        return subprocess.CompletedProcess(str(command), 1, "", "ERROR:pip_audit._cli:no connection\n")

    monkeypatch.setattr(subprocess, "run", silent)

    result = dependencies.check()

    assert not result.was_checked
    assert "pypi: ERROR:pip_audit._cli:no connection" in result.verdict
    assert result.verdict.startswith("NOT CHECKED: ")


def test_a_service_that_knows_no_package_at_all_has_checked_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def knows_nothing(_service: str, report: Path) -> str:
        report.write_text(json.dumps({"dependencies": [{"name": "odd", "skip_reason": "not on PyPI"}]}))
        return ""

    monkeypatch.setattr(dependencies, "_ask", knows_nothing)

    result = dependencies.check()

    assert result.not_checked.count("it knows none of the packages") == 2
    assert not result.is_bad


@pytest.mark.parametrize(
    ("result", "strict", "code"),
    [
        (Result(), "", 0),
        (Result(("found",)), "", 1),
        (Result(not_checked="away"), "", 0),
        (Result(not_checked="away"), "1", 1),
    ],
)
def test_it_fails_by_what_it_found(
    monkeypatch: pytest.MonkeyPatch, result: Result, strict: str, code: int
) -> None:
    monkeypatch.setattr(audit, "CHECKS", {"one": lambda: result, "another": lambda: Result()})
    monkeypatch.setenv("HUB_REQUIRE_AUDIT", strict)

    assert audit.main() == code
