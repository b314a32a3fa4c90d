"""The API keeps its own schema: generated calls of every kind get no answer that it does not announce.

A few thousand here; tens of thousands by `make contract`, where CALLS are the random ones of each operation
by each key. `HUB_CONTRACT_SEED` chooses others.
"""

import os
from collections.abc import Iterator

import pytest

from tests.api.contract import Findings, attack
from tests.api.contract_rows import Rows, fill
from tests.e2e.fixtures import processes, telegram
from tests.e2e.processes import Processes
from tests.marks import committed

__all__ = ["processes", "telegram"]
pytestmark = [committed, pytest.mark.e2e]

FEW = 8
MANY = int(os.environ.get("HUB_CONTRACT_CALLS", "0"))
SEED = int(os.environ.get("HUB_CONTRACT_SEED", "20261122"))
KEYS = ["read", "propose", "review", "all", "limited", "slow"]


@pytest.fixture
def hub(processes: Processes) -> Iterator[tuple[str, Rows]]:
    """The address of a web process, and the rows of its hub."""
    rows = fill()
    yield processes.web(), rows
    assert "Traceback" not in processes.log("web")


def check(findings: Findings, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        if MANY:
            print(f"\nseed {SEED}:", findings.told())  # noqa: T201  (the report of a long run)
    assert not findings.unexpected, findings.told()


def test_every_answer_is_one_that_the_schema_announces(
    hub: tuple[str, Rows], capsys: pytest.CaptureFixture[str]
) -> None:
    address, rows = hub

    findings = attack(address, rows, key="all", examples=FEW, seed=SEED)

    check(findings, capsys)
    assert findings.calls.total() > 1000
    assert len(findings.calls) == 27
    assert {status for _label, status in findings.answers} >= {200, 201, 400, 401, 404, 405, 409, 415}


@pytest.mark.skipif(not MANY, reason="a long run: set HUB_CONTRACT_CALLS")
@pytest.mark.parametrize("key", KEYS)
def test_tens_of_thousands_of_calls(
    hub: tuple[str, Rows], capsys: pytest.CaptureFixture[str], key: str
) -> None:
    address, rows = hub

    check(attack(address, rows, key=key, examples=MANY, seed=SEED), capsys)
