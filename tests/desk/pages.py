"""What a conversation's page holds, as a reader or a script finds it."""

import re
from collections.abc import Iterable
from html import unescape

from django.test import Client
from django.urls import reverse

SCRIPT = {"X-Requested-With": "fetch"}


def address(chat_id: int, **query: object) -> str:
    return reverse("admin:desk_conversation", args=[chat_id], query=query or None)


def read(client: Client, url: str, *, as_script: bool = False) -> str:
    answer = client.get(url, headers=SCRIPT if as_script else None)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def rows(page: str) -> list[str]:
    """The ids of messages and drafts, in their order."""
    return re.findall(r'<li class="[^"]*"\s+id="((?:message|draft)-\d+)"', page)


def link(page: str, where: str) -> str:
    """The address of the part before or after this one; empty where there is none."""
    found = re.search(rf'data-more="{where}"><a[^>]*href="([^"#]*)', page)
    return found[1] if found else ""


def ids(kind: str, rows: Iterable[object]) -> list[str]:
    return [f"{kind}-{row.pk}" for row in rows]  # type: ignore[attr-defined]


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    assert found is not None
    return found[1]
