from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from cvgorod_hub.common import alive
from cvgorod_hub.watching import tallies

Scrape = Callable[[], dict[str, Metric]]


@pytest.fixture(autouse=True)
def _nothing_counted() -> Iterator[None]:
    tallies.tallies.forget()
    tallies.connect().delete(tallies.KEY, alive.KEY)
    yield
    tallies.tallies.forget()


@pytest.fixture
def scrape(client: Client) -> Scrape:
    """What `/metrics` says now, by name, once all that was counted is written."""

    def look() -> dict[str, Metric]:
        tallies.tallies.write()
        response = client.get("/metrics")
        assert response.status_code == 200
        return {family.name: family for family in text_string_to_metric_families(response.content.decode())}

    return look


def values(family: Metric, *labels: str) -> dict[tuple[str, ...], float]:
    """The samples of a family that is no histogram, by these labels."""
    return {tuple(sample.labels[label] for label in labels): sample.value for sample in family.samples}


def counted(family: Metric, *labels: str) -> dict[tuple[str, ...], float]:
    """The same of what has happened at all."""
    return {of: number for of, number in values(family, *labels).items() if number}


def value(family: Metric) -> float:
    [sample] = family.samples
    return sample.value
