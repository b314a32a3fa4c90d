"""Where a call comes from."""

import ipaddress
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest

_IPV6_NETWORK = 64


def address_of(request: HttpRequest) -> str | None:
    """The caller's address; None where the server cannot tell, as on a Unix socket.

    Behind a proxy it is the last entry of X-Forwarded-For, which the proxy itself wrote; the ones before it
    are whatever the caller claimed. Without `DJANGO_BEHIND_PROXY` the header means nothing.
    """
    text: str = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_PROXY:
        text = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip() or text
    return _read_address(text)


@lru_cache(maxsize=1024)
def _read_address(text: str) -> str | None:
    """Read once: the same few callers come again and again, and each request asks."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def network_of(address: str | None) -> str:
    """What belongs to one caller: an IPv4 address, or a /64, of which IPv6 gives each line a whole one."""
    if address is None:
        return "unknown"
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, _IPV6_NETWORK), strict=False))
