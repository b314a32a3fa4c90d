"""Pages say when in the hub's own time zone, wherever their reader is, and with units."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from tests.factories import MessageFactory

pytestmark = pytest.mark.django_db

SAID_AT = datetime(2025, 11, 22, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "shown"),
    [("Asia/Vladivostok", "23.11.2025 02:30"), ("Europe/Kaliningrad", "22.11.2025 18:30")],
)
def test_a_list_says_when_by_the_hubs_clock(
    admin_client: Client, settings: Settings, zone: str, shown: str
) -> None:
    settings.TIME_ZONE = zone
    timezone.get_default_timezone.cache_clear()
    MessageFactory(timestamp=SAID_AT)

    listed = admin_client.get(reverse("admin:messaging_message_changelist")).content.decode()

    assert shown in " ".join(listed.split())
