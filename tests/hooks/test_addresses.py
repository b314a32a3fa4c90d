"""Where webhooks may go."""

import socket
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from pytest_django import Settings

from cvgorod_hub.api.hooks.addresses import is_public, resolve
from cvgorod_hub.api.hooks.troubles import HookError, Trouble

PUBLIC = "93.184.215.14"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """A name server of the test's own; what it does not know does not exist."""
    known: dict[str, list[str]] = {}

    def look_up(host: str, port: int, **_options: Any) -> list[Any]:
        if host not in known:
            raise socket.gaierror("unknown")
        return [
            (socket.AF_INET6 if ":" in text else socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, port))
            for text in known[host]
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


def refusal(url: str) -> Trouble:
    with pytest.raises(HookError) as caught:
        resolve(url)
    return caught.value.trouble


@pytest.mark.parametrize(
    "address",
    [
        *("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "127.0.0.1", "127.8.8.8"),
        *(
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.254",
            "0.0.0.1",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
        ),
        *("255.255.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"),
        *("192.88.99.1", "::", "::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1"),
        *("::ffff:0:127.0.0.1", "fe80::5efe:10.0.0.1", "2001:0:5ef5:79fd::1", "fd12:3456::1", "ff05::1:3"),
        *("fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1", "2001:db8::1"),
        *("64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:1::1", "100::1", "3fff::1", "5f00::1"),
    ],
)
def test_no_address_within_a_network_is_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", [PUBLIC, "8.8.8.8", "2606:4700::1111", "2a02:6b8::2:242", "::ffff:8.8.8.8"]
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(ip_address(address))


def test_a_public_name_over_https(names: dict[str, list[str]]) -> None:
    names["agent.example.com"] = [PUBLIC, "2606:4700::1111"]

    destination = resolve("https://agent.example.com/hooks?from=hub")

    assert (destination.host, destination.port) == ("agent.example.com", 443)
    assert [address[0] for _family, address in destination.sockets] == [PUBLIC, "2606:4700::1111"]
    assert resolve("https://agent.example.com:8443/").port == 8443


def test_one_private_address_among_public_ones_is_enough(names: dict[str, list[str]]) -> None:
    names["agent.example.com"] = [PUBLIC, "10.0.0.7"]

    assert refusal("https://agent.example.com/") == Trouble.PRIVATE


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "017700000001", "localhost", "[::1]"])
def test_loopback_by_any_spelling_is_refused(host: str, settings: Settings) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = []

    assert refusal(f"https://{host}/") == Trouble.PRIVATE


def test_allowed_networks_are_reached_also_without_tls(
    names: dict[str, list[str]], settings: Settings
) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = [ip_network("10.1.0.0/16")]
    names |= {"inside": ["10.1.2.3"], "mapped": ["::ffff:10.1.2.3"], "beside": ["10.2.2.3"]}

    assert resolve("http://inside/").port == 80
    assert resolve("https://mapped/").port == 443
    assert refusal("http://beside/") == Trouble.PRIVATE


def test_plain_http_does_not_leave_the_allowed_networks(names: dict[str, list[str]]) -> None:
    names["agent.example.com"] = [PUBLIC]

    assert refusal("http://agent.example.com/") == Trouble.SCHEME


@pytest.mark.parametrize(
    ("url", "trouble"),
    [
        ("ftp://agent.example.com/", Trouble.SCHEME),
        ("file:///etc/passwd", Trouble.URL),
        ("agent.example.com", Trouble.URL),
        ("https://", Trouble.URL),
        ("https://user:word@agent.example.com/", Trouble.URL),
        ("https://user@agent.example.com/", Trouble.URL),
        ("https://agent.example.com/#part", Trouble.URL),
        ("https://agent.example.com/ x", Trouble.URL),
        ("https://agent.example.com\\@127.0.0.1/", Trouble.URL),
        ("https://agent.example.com:443@127.0.0.1/", Trouble.URL),
        ("https://agent.example.com;@127.0.0.1/", Trouble.URL),
        ("https://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/", Trouble.URL),
        ("https://127%2e0%2e0%2e1/", Trouble.UNRESOLVED),
        ("https://[fe80::1%25eth0]/", Trouble.UNRESOLVED),
        ("//agent.example.com/", Trouble.SCHEME),
        ("javascript:alert(1)//agent.example.com", Trouble.URL),
        ("https://agent.example.com/\r\nHost: x", Trouble.URL),
        ("https://[::1/", Trouble.URL),
        ("https://agent.example.com:99999/", Trouble.URL),
        ("https://agent.example.com:22/", Trouble.PORT),
        ("https://agent.example.com:25/", Trouble.PORT),
        ("https://agent.example.com:80/", Trouble.PORT),
        ("https://agent.example.com:0/", Trouble.PORT),
        ("https://unknown.example.com/", Trouble.UNRESOLVED),
        ("https://" + "a" * 64 + ".example.com/", Trouble.UNRESOLVED),
    ],
)
def test_other_addresses_are_refused_by_what_is_wrong(
    names: dict[str, list[str]], url: str, trouble: Trouble
) -> None:
    names["agent.example.com"] = [PUBLIC]

    assert refusal(url) == trouble


def test_a_name_server_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_o: released.wait(30) and [])

    with pytest.raises(HookError) as caught:
        resolve("https://agent.example.com/", seconds=0.05)
    released.set()

    assert caught.value.trouble == Trouble.TIMEOUT
