"""Each fault for a few seconds under load, on one hub; `make drill` takes minutes for it (tests/drills)."""

import sys
from collections.abc import Iterator

import pytest

from tests.cvgorod_hub.conftest import open_folder
from tests.drills.faults import FAULTS
from tests.drills.hub import DrillHub, drill_hub
from tests.drills.load import Load
from tests.drills.reckoning import reckon

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.django_db,
    pytest.mark.xdist_group("faults"),
    pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are Linux's"),
]


# A reply in doubt costs a person's time. These faults cut off no send, so they leave none.
DOUBTLESS = {"Redis flushed, killed, started", "disk full while voices come"}
DOUBTS = "SELECT count(*) FROM pending_responses WHERE status = 'unknown'"


@pytest.fixture(scope="module")
def worked() -> Iterator[tuple[DrillHub, Load]]:
    with open_folder() as folder, drill_hub(folder) as (hub, key):
        yield hub, Load(hub, key)


@pytest.mark.parametrize("name", FAULTS)
def test_nothing_is_lost_and_nothing_is_doubled(worked: tuple[DrillHub, Load], name: str) -> None:
    hub, load = worked
    before = len(load.manager.approved)
    [(doubts,)] = hub.query(DOUBTS)

    with hub.logs_kept_on_failure():
        with load.on():
            FAULTS[name](hub, load, 2)
        found = reckon(hub, load)

    assert found.sent + found.unknown >= found.approved > before
    if name in DOUBTLESS:
        assert found.unknown == doubts


def test_faults_without_doubt_are_faults() -> None:
    assert FAULTS.keys() >= DOUBTLESS
