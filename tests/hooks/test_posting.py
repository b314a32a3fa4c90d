"""One POST over real HTTP: over in time, to the judged address, nothing followed."""

import socket
import threading
import time
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from cvgorod_hub.api.hooks.posting import MOST_KEPT, post
from cvgorod_hub.api.hooks.troubles import HookError, Trouble
from tests.hooks.receiver import Receiver, Reply

BODY = b'{"type":"hub.ping"}'


def trouble_of(url: str, seconds: float = 5) -> Trouble:
    with pytest.raises(HookError) as caught:
        post(url, body=BODY, headers={}, seconds=seconds)
    return caught.value.trouble


def test_a_post_and_its_answer(receiver: Receiver) -> None:
    receiver.script = [Reply(status=202, body="принято".encode(), headers={"Retry-After": "7"})]

    answer = post(receiver.url, body=BODY, headers={"webhook-id": "1"})

    [received] = receiver.received
    assert (answer.status_code, answer.body, answer.retry_after) == (202, "принято", "7")
    assert (received.path, received.body) == ("/hook", BODY)
    assert received.headers["content-type"] == "application/json"
    assert received.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert received.event_id == "1"


@pytest.mark.parametrize(
    "reply", [Reply(drip=b"x"), Reply(begins=b"HTTP/1.1 200 OK\r\n", drip=b"X-Header: x\r\n")]
)
def test_a_head_that_drips_ends_at_the_deadline(receiver: Receiver, reply: Reply) -> None:
    receiver.script = [reply]
    began = time.monotonic()

    assert trouble_of(receiver.url, seconds=0.4) == Trouble.TIMEOUT
    assert 0.3 < time.monotonic() - began < 3


def test_an_endpoint_that_says_nothing_ends_at_the_deadline(receiver: Receiver) -> None:
    receiver.script = [Reply(before=lambda: receiver.stopped.wait(30) and None)]

    assert trouble_of(receiver.url, seconds=0.3) == Trouble.TIMEOUT


def test_a_body_that_drips_does_not_take_back_its_status(receiver: Receiver) -> None:
    receiver.script = [Reply(begins=b"HTTP/1.1 200 OK\r\n\r\n", drip=b"x")]
    began = time.monotonic()

    answer = post(receiver.url, body=BODY, headers={}, seconds=0.4)

    assert answer.status_code == 200
    assert set(answer.body) <= {"x"}
    assert time.monotonic() - began < 3


def test_of_a_huge_body_only_the_beginning_is_read(receiver: Receiver) -> None:
    receiver.script = [Reply(status=200, body=b"a" * 50_000_000)]

    answer = post(receiver.url, body=BODY, headers={})

    assert answer.body == "a" * MOST_KEPT


def test_secrets_and_bytes_that_are_no_text_are_not_kept(receiver: Receiver) -> None:
    receiver.script = [Reply(status=500, body=b"\x00\xff cvh_0123456789ab_secretsecret\n")]

    answer = post(receiver.url, body=BODY, headers={})

    assert answer.body == "\ufffd\ufffd [key]\n"


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    with Receiver() as other:
        receiver.script = [Reply(status=307, headers={"Location": other.url})]

        answer = post(receiver.url, body=BODY, headers={})

        assert answer.status_code == 307
        assert other.received == []


def test_nobody_listens(receiver: Receiver) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

        assert trouble_of(f"http://127.0.0.1:{port}/") == Trouble.UNREACHABLE


def test_a_connection_that_breaks_off(receiver: Receiver) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            connection, _peer = listener.accept()
            connection.recv(65536)
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        found = trouble_of(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        thread.join()

    assert found == Trouble.BROKEN


def test_a_private_address_gets_nothing(receiver: Receiver, settings: Settings) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = []

    assert trouble_of(receiver.url.replace("http:", "https:")) == Trouble.PRIVATE
    assert receiver.received == []


def test_a_name_that_changes_its_mind_gains_nothing(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first answer is judged and connected to; a second look would lead elsewhere."""
    looks: list[str] = []

    def look_up(host: str, port: int, **_options: Any) -> list[Any]:
        looks.append(host)
        address = "127.0.0.1" if len(looks) == 1 else "127.66.6.6"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)

    answer = post(f"http://rebinding.example:{receiver.port}/hook", body=BODY, headers={})

    assert answer.status_code == 204
    assert looks == ["rebinding.example"]
    assert receiver.received[0].headers["host"] == f"rebinding.example:{receiver.port}"


def test_the_second_address_is_tried_where_the_first_refuses(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = [ip_network("127.0.0.1"), ip_network("::1")]
    both = [(socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.1")]

    def look_up(_host: str, port: int, **_options: Any) -> list[Any]:
        return [(family, socket.SOCK_STREAM, 6, "", (address, port)) for family, address in both]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)

    assert post(f"http://two.example:{receiver.port}/", body=BODY, headers={}).status_code == 204


def test_proxies_and_logins_of_this_machine_are_not_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    assert post(receiver.url, body=BODY, headers={}).status_code == 204
    assert "authorization" not in receiver.received[0].headers
