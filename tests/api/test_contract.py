"""Schemathesis finds no unexpected answer."""

import os
import time
import pytest

from tests.api.contract import attack
from tests.api.contract_rows import fill
from tests.e2e.fixtures import processes, telegram
from tests.e2e.processes import Processes
from tests.marks import committed

__all__ = ["processes", "telegram"]


@committed
@pytest.mark.e2e
def test_draft(processes: Processes) -> None:
    rows = fill()
    address = processes.web()
    t = time.time()
    findings = attack(address, rows, key=os.environ.get("K", "all"), examples=int(os.environ.get("N", "10")), seed=1, phases=os.environ.get("P", "examples coverage fuzzing stateful").split())
    print(findings.total, time.time() - t)
    for k, n in sorted(findings.calls.items()): print(n, k, {s: c for (l, s), c in sorted(findings.answers.items()) if l == k})
    open("/tmp/w5/contract-findings.txt", "w").write(findings.told())
    open("/tmp/w5/contract-web.log", "w").write(processes.log("web"))
    assert not findings.unexpected, list(findings.unexpected)
