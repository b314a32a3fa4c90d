"""bandit over everything that runs in production (configured in pyproject.toml).

ruff has rules of the same kind and the same numbers. What somebody looked at and said why (`# noqa: S608`) is
not asked for again by bandit: one reason, in one place.
"""

import json
import re
import subprocess
import sys
from typing import Any

from tests.audit.result import ROOT, Result

ROOMS = ("cvgorod_hub", "bots", "sandbox", "intents", "messaging", "clients", "manage.py")
# Two of bandit's that ruff has under another number, or not at all.
_ALSO = {"B703": "S308"}
_SAID_WHY = re.compile(r"# noqa: ([A-Z0-9, ]+)")
_SAID_WHY_OF_ALL = re.compile(r"^# ruff: noqa: ([A-Z0-9, ]+)", re.MULTILINE)


def check() -> Result:
    command = [sys.executable, "-m", "bandit", "-q", "-r", "-c", "pyproject.toml", "-f", "json", *ROOMS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    report = json.loads(done.stdout)
    findings = [_sentence(each) for each in report["results"] if not was_looked_at(each)]
    broken = [f"{each['filename']}: {each['reason']}" for each in report["errors"]]
    read = report["metrics"]["_totals"]["loc"]
    return Result((*findings, *broken), note=f"{read} lines read, {len(report['results'])} places looked at")


def was_looked_at(finding: dict[str, Any]) -> bool:
    """Whether the statement, or its file, says why it may stand."""
    rule = _ALSO.get(finding["test_id"], finding["test_id"].replace("B", "S"))
    text = (ROOT / finding["filename"]).read_text(encoding="utf-8")
    lines = text.splitlines()
    first, last = min(finding["line_range"]), max(finding["line_range"])
    said = _SAID_WHY.findall("\n".join(lines[first - 1 : last + 1])) + _SAID_WHY_OF_ALL.findall(text)
    return any(rule in codes.replace(" ", "").split(",") for codes in said)


def _sentence(finding: dict[str, Any]) -> str:
    place = f"{finding['filename']}:{finding['line_number']}"
    return f"{place} {finding['test_id']} {finding['issue_text']}"
