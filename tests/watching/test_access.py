"""Who may see `/metrics`."""

import pytest
from django.test import Client
from pytest_django import Settings

from cvgorod_hub import environment

pytestmark = pytest.mark.django_db
TOKEN = "0123456789-token-of-metrics"


def asked(client: Client, *, address: str = "127.0.0.1", **headers: str) -> int:
    return client.get("/metrics", REMOTE_ADDR=address, **headers).status_code


class TestWithoutAToken:
    @pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
    def test_this_machine_may(self, client: Client, address: str) -> None:
        assert asked(client, address=address) == 200

    @pytest.mark.parametrize("address", ["10.0.0.5", "172.18.0.1", "203.0.113.7", "fd00::5", ""])
    def test_nobody_else_may(self, client: Client, address: str) -> None:
        response = client.get("/metrics", REMOTE_ADDR=address)
        assert response.status_code == 403
        assert list(response.json()) == ["detail"]
        assert b"hub_" not in response.content

    @pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
    def test_a_proxy_that_the_hub_does_not_know_of_opens_nothing(self, client: Client, header: str) -> None:
        assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 403

    def test_behind_a_proxy_the_caller_counts_not_the_proxy(self, client: Client, settings: Settings) -> None:
        settings.BEHIND_PROXY = True
        forwarded = {"X-Forwarded-For": "127.0.0.1, 203.0.113.7"}
        assert client.get("/metrics", headers=forwarded).status_code == 403
        assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 200

    def test_networks_of_your_own(
        self, client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("METRICS_ALLOWED_NETWORKS", "172.18.0.0/16")
        settings.METRICS_ALLOWED_NETWORKS = environment.networks("METRICS_ALLOWED_NETWORKS", default="::1")
        assert asked(client, address="172.18.0.9") == 200
        assert asked(client) == 403


class TestWithAToken:
    @pytest.fixture(autouse=True)
    def _token(self, settings: Settings) -> None:
        settings.METRICS_TOKEN = TOKEN

    @pytest.mark.parametrize("address", ["127.0.0.1", "203.0.113.7"])
    def test_who_presents_it_may(self, client: Client, address: str) -> None:
        assert asked(client, address=address, HTTP_AUTHORIZATION=f"Bearer {TOKEN}") == 200

    @pytest.mark.parametrize(
        "presented", ["", TOKEN, f"Basic {TOKEN}", "Bearer", f"Bearer {TOKEN}x", "Bearer é"]
    )
    def test_nobody_else_may_not_even_from_here(self, client: Client, presented: str) -> None:
        response = client.get("/metrics", headers={"Authorization": presented})
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="metrics"'
        assert b"hub_" not in response.content


def test_it_is_read_only_and_kept_by_nobody(client: Client) -> None:
    assert client.post("/metrics").status_code == 405
    assert "no-store" in client.get("/metrics").headers["Cache-Control"]


def test_it_costs_no_session(client: Client) -> None:
    assert client.get("/metrics/").cookies == {}
