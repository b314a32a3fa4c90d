"""TLS goes by the host's name, although the connection goes to an address."""

import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from cvgorod_hub.api.hooks.posting import post
from cvgorod_hub.api.hooks.troubles import HookError, Trouble

NAME = "agent.example.com"


class _Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Silent."""


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def port(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """An HTTPS server on loopback with a certificate for NAME; every name leads to it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(NAME).configure_cert(context)
    server = HTTPServer(("127.0.0.1", 0), _Taking)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()

    def look_up(_host: str, port: int, **_options: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield int(server.server_address[1])
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def trusting(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """This machine trusts the authority, as it would a public one."""
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(bundle))


def trouble_of(url: str) -> Trouble:
    with pytest.raises(HookError) as caught:
        post(url, body=b"{}", headers={})
    return caught.value.trouble


@pytest.mark.usefixtures("trusting")
def test_the_certificate_of_the_name_is_taken(port: int) -> None:
    assert post(f"https://{NAME}:{port}/", body=b"{}", headers={}).status_code == 204


@pytest.mark.usefixtures("trusting")
def test_a_certificate_of_another_name_is_refused(port: int) -> None:
    assert trouble_of(f"https://other.example.com:{port}/") == Trouble.TLS
    assert trouble_of(f"https://127.0.0.1:{port}/") == Trouble.TLS


def test_an_authority_that_nobody_trusts_is_refused(port: int) -> None:
    assert trouble_of(f"https://{NAME}:{port}/") == Trouble.TLS


def test_a_handshake_that_never_comes_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(HookError) as caught:
            post(url, body=b"{}", headers={}, seconds=0.3)

    assert caught.value.trouble == Trouble.TIMEOUT
