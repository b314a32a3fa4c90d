"""Known vulnerabilities of the locked versions, as PyPI's advisory database or OSV has them.

Either is asked over the internet. Where neither answers, this says so: it never takes silence for "none".
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.audit.result import ROOT, Result

# Everything that any other lock holds.
LOCK = "requirements/dev.txt"
SERVICES = ("pypi", "osv")
SECONDS = 300


def check() -> Result:
    reasons = []
    for service in SERVICES:
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            reason = _ask(service, report)
            if report.is_file() and report.stat().st_size:
                found = json.loads(report.read_text(encoding="utf-8"))
                if not all("skip_reason" in package for package in found["dependencies"]):
                    return judge(found, service)
                reason = "it knows none of the packages"
        reasons.append(f"{service}: {reason}")
    return Result(not_checked=f"no service of vulnerabilities answers ({'; '.join(reasons)})")


def judge(report: dict[str, list[dict[str, object]]], service: str) -> Result:
    """`report` as pip-audit writes it; what it skipped was not checked, and is a finding."""
    findings: list[str] = []
    for package in report["dependencies"]:
        name = f"{package['name']} {package.get('version', '')}".strip()
        if "skip_reason" in package:
            findings.append(f"{name}: skipped, {package['skip_reason']}")
            continue
        vulnerabilities = package["vulns"]
        assert isinstance(vulnerabilities, list)
        findings += [f"{name}: {each['id']}, fixed in {each['fix_versions']}" for each in vulnerabilities]
    return Result(tuple(findings), note=f"{len(report['dependencies'])} packages, asked: {service}")


def _ask(service: str, report: Path) -> str:
    """Have the report written; why there is none, where there is none."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", LOCK, "--require-hashes", "--disable-pip"]
    options = ["--vulnerability-service", service, "--format", "json", "--output", str(report)]
    quiet = ["--progress-spinner", "off", "--desc", "off", "--timeout", "15"]
    try:
        done = subprocess.run(
            [*command, *options, *quiet], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {SECONDS} s"
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return lines[-1][:200] if lines else f"pip-audit ended with {done.returncode}"
