"""Where webhooks may go: public addresses, and the networks that the settings allow.

A webhook's address is somebody's input, and the hub stands inside a network: without these rules it would
post to routers, databases and a cloud's metadata service (server-side request forgery). The name is resolved
once, every address that it has is judged, and the connection goes to the very address that was judged, so a
name that changes its mind in between (DNS rebinding) gains nothing.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings

from cvgorod_hub.api.hooks.troubles import HookError, Trouble
from cvgorod_hub.common.deadlines import SocketAddress, look_up

HTTPS_PORT, HTTP_PORT = 443, 80
FIRST_UNPRIVILEGED_PORT = 1024
# Seconds for a name server: while a form is saved; an attempt has its own deadline.
RESOLVE_SECONDS = 5.0
# What `is_global` of some supported Python lets pass, and what leads to IPv4 by a detour (IANA's registries
# of special purpose addresses).
_SPECIAL = [
    ip_network(text)
    for text in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # NAT64 within a network
        "100::/64",  # discarded
        "2001::/23",  # Teredo and other assignments
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fec0::/10",  # site-local
    )
]


@dataclass(frozen=True)
class Destination:
    """An address that may be posted to, and the socket addresses to connect to, all of them judged."""

    url: str
    host: str
    port: int
    sockets: tuple[SocketAddress, ...]


def resolve(url: str, *, seconds: float = RESOLVE_SECONDS) -> Destination:
    """Where this address leads now. Raises HookError where webhooks may not go there."""
    scheme, host, port = _take_apart(url)
    found = _look_up(host, port, seconds)
    addresses = [ip_address(socket_address[0]) for _family, socket_address in found]
    inside = [is_allowed(address) for address in addresses]
    for address, allowed in zip(addresses, inside, strict=True):
        if not allowed and not is_public(address):
            raise HookError(Trouble.PRIVATE, str(address))
    if scheme == "http" and not all(inside):
        raise HookError(Trouble.SCHEME, host)
    return Destination(url, host, port, tuple(found))


def is_allowed(address: IPv4Address | IPv6Address) -> bool:
    """Within `WEBHOOK_ALLOWED_NETWORKS`."""
    return any(_plain(address) in network for network in settings.WEBHOOK_ALLOWED_NETWORKS)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """An address of the internet: no network's own, no group of hosts, nothing relayed."""
    address = _plain(address)
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not any(address in network for network in _SPECIAL)


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """::ffff:10.0.0.1 is 10.0.0.1."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _take_apart(url: str) -> tuple[str, str, int]:
    """Scheme, host and port, where each is of a kind that is taken at all."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise HookError(Trouble.URL) from None
    is_plain = url.isascii() and url.isprintable() and not set(url) & set(' \\"<>')
    if not is_plain or not host or parts.username is not None or parts.password is not None or parts.fragment:
        raise HookError(Trouble.URL)
    if parts.scheme not in ("http", "https"):
        raise HookError(Trouble.SCHEME, parts.scheme)
    usual = HTTPS_PORT if parts.scheme == "https" else HTTP_PORT
    port = usual if port is None else port
    if port != usual and port < FIRST_UNPRIVILEGED_PORT:
        raise HookError(Trouble.PORT, str(port))
    return parts.scheme, host, port


def _look_up(host: str, port: int, seconds: float) -> list[SocketAddress]:
    try:
        found = look_up(host, port, seconds=seconds)
    except TimeoutError:
        raise HookError(Trouble.TIMEOUT, host) from None
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise HookError(Trouble.UNRESOLVED, host)
    return found
