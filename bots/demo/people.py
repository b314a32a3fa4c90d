"""Who of the simulated Telegram's people is ours: a hub knows that only by being told."""

from django.utils import timezone

from bots.simulator.scenario.cast import ROLES
from clients.models import TelegramUser, UserRole

# The bot of `runhub`'s demo; by it a database is known to hold invented chats only.
DEMO_BOT_ID = 7000000001


def introduce_people() -> None:
    """Give the demo's managers and mailing bot their roles, known before they first write."""
    now = timezone.now()
    for person, role_name in ROLES.items():
        role = UserRole.objects.get(role_name=role_name)
        TelegramUser.objects.update_or_create(
            id=person.id,
            defaults={"role": role},
            create_defaults={
                "role": role,
                "username": person.username,
                "first_name": person.first_name,
                "last_name": person.last_name,
                "first_seen": now,
                "last_seen": now,
            },
        )
