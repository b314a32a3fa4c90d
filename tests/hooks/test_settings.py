"""WEBHOOK_ALLOWED_NETWORKS is read or refused, never half read."""

from ipaddress import ip_network

import pytest
from django.core.exceptions import ImproperlyConfigured

from cvgorod_hub import environment

NAME = "WEBHOOK_ALLOWED_NETWORKS"


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ("", []),
        ("10.0.0.0/8, fd00::/8,", ["10.0.0.0/8", "fd00::/8"]),
        ("192.168.7.7", ["192.168.7.7/32"]),
    ],
)
def test_networks_are_read(monkeypatch: pytest.MonkeyPatch, text: str, networks: list[str]) -> None:
    monkeypatch.setenv(NAME, text)

    assert environment.networks(NAME) == [ip_network(network) for network in networks]


@pytest.mark.parametrize("text", ["10.0.0.1/8", "everything", "10.0.0.0/8;fd00::/8", "10.0.0.0/40"])
def test_what_is_no_network_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(NAME, text)

    with pytest.raises(ImproperlyConfigured, match=NAME):
        environment.networks(NAME)
