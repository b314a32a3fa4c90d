"""Each page in Russian has no English words, each in English no Russian ones: as they come out.

What people would have written stands in Greek there (tests/admin/rows.py), so any other word is the hub's
own: of a template, a verbose name, a choice, an action, a permission, a library.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.test import Client
from pytest_django import DjangoDbBlocker

from clients.models import UserRole
from cvgorod_hub.api.models import ApiKey
from cvgorod_hub.common.admin import excerpt
from intents.models import MessagePattern
from sandbox.models import RejectionReason
from tests.admin.pages import Address, drawn_pages, routes
from tests.admin.rows import make_rows

pytestmark = pytest.mark.django_db

# Words to type, given in a sentence of either language: «заказ», <товар>.
EXAMPLES = re.compile(r"«[^»]*»|<[^>]*>")
LATIN, CYRILLIC = re.compile(r"[A-Za-z]{2,}"), re.compile(r"[А-ЯЁа-яё]{2,}")
# Names that are the same in every language, and what people type just so.
NAMES = """
Telegram Desktop DeepSeek SpeechKit BotFather API JSON CSV SHA HTTP HTTPS URL TLS ID ffmpeg webhook-id
X-API-Key Standard Webhooks deepseek-flash platform.deepseek.com https://agent.example.com/hooks manage.py
import_telegram_export WEBHOOK_ALLOWED_NETWORKS TELEGRAM_BOT_TOKEN YANDEX_CLOUD_API_KEY DEEPSEEK_API_KEY
TELEGRAM_REVIEW_CHAT_ID
VOICE_BACKLOG_DAYS VOICE_KEEP_DAYS Asia/Vladivostok Europe/Moscow OGG OGG/Opus MP3 MP4 WAV FLAC AAC WebM
Google Authenticator Aegis Ctrl Enter Esc esc Control Command Mac English ru en propose read review admin
draft.decided draft.sent draft.failed draft.unknown message.new КА-00003484 Русский ZIP README.txt
""".split()  # noqa: SIM905  (a list of so many words is easier to read so)
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# Attributes that people read or hear.
READ = ("title", "placeholder", "aria-label", "alt", "data-label", "data-placeholder")
UNREAD_TAGS = {"script", "style", "template", "code", "pre"}
VOID_TAGS = {"input", "img", "br", "hr", "meta", "link", "source", "wbr", "col", "area", "base", "track"}


class Words(HTMLParser):
    """What a page says to its reader; icons are words only to their font."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._open: list[bool] = []
        self._goes_on = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._goes_on = False
        given = dict(attrs)
        is_unread = tag in UNREAD_TAGS or "material-symbols" in (given.get("class") or "")
        if not any(self._open) and not is_unread:
            self.said += [value for name in READ if (value := given.get(name))]
            if tag == "input" and given.get("type") in {"submit", "button"}:
                self.said.append(given.get("value") or "")
        if tag not in VOID_TAGS:
            self._open.append(is_unread)

    def handle_endtag(self, tag: str) -> None:
        self._goes_on = False
        if tag not in VOID_TAGS and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if any(self._open) or not data.strip():
            return
        if self._goes_on:  # a bracket in a sentence parts it for the parser, not for its reader
            self.said[-1] += data
        else:
            self.said.append(data.strip())
        self._goes_on = True


class Reading:
    """Pages read as a superuser, and words that are data."""

    def __init__(self) -> None:
        self.pages = drawn_pages(make_rows())
        self.browser = Client()
        self.browser.force_login(User.objects.create_superuser("ρίζα"))
        names = sorted((*NAMES, *map(re.escape, _data())), key=len, reverse=True)
        self.known = re.compile(rf"(?<!\w)(?:{UUID}|{'|'.join(names)})(?!\w)", re.IGNORECASE)

    def foreign_words(self, page: Address, language: str) -> list[str]:
        self.browser.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        words = Words()
        words.feed(self.browser.get(page.path).content.decode())
        foreign = LATIN if language == "ru" else CYRILLIC
        return [said for said in words.said if foreign.search(EXAMPLES.sub("", self.known.sub("", said)))]


def _data() -> Iterator[str]:
    """What migrations wrote in Russian, for people to change as they like, and a key's random beginning."""
    yield from (f"cvh_{lookup}" for lookup in ApiKey.objects.values_list("lookup", flat=True))
    yield from Group.objects.values_list("name", flat=True)
    yield from RejectionReason.objects.values_list("text", flat=True)
    for role in UserRole.objects.all():
        yield from filter(None, (role.display_name, role.description, role.role_name))
    for pattern in MessagePattern.objects.all():
        words = ", ".join(pattern.keyword_patterns) or pattern.regex_pattern
        yield from filter(None, (pattern.pattern_name, pattern.description, excerpt(words, 80)))


@pytest.fixture(scope="module")
def reading(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Reading]:
    """Made once: nobody who only reads changes anything."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield Reading()
        transaction.set_rollback(True)


@pytest.mark.parametrize("language", ["ru", "en"])
def test_no_page_says_a_word_of_the_other_language(reading: Reading, language: str) -> None:
    pages: dict[str, list[str]] = {}
    for page in reading.pages:
        for said in reading.foreign_words(page, language):
            pages.setdefault(said, []).append(page.name)

    if pages:
        pytest.fail(
            "\n".join(f"{said!r} on {len(names)} pages: {names[:3]}" for said, names in pages.items())
        )
    assert len(reading.pages) > len(routes()) / 2
