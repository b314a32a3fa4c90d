"""What the demo's hub must know of its simulated Telegram: who is ours there, and that it begins anew."""

from django.contrib.auth.models import User
from django.utils import timezone

from bots.models import ApprovalCard
from bots.simulator.scenario.cast import MANAGER, ROLES
from clients.models import TelegramUser, UserRole

# The bot of `runhub`'s demo; by it a database is known to hold invented chats only.
DEMO_BOT_ID = 7000000001


def forget_cards() -> None:
    """The simulated Telegram begins empty, so what waits gets a new card there."""
    ApprovalCard.objects.all().delete()


def introduce_people(*, reviewer: str) -> None:
    """Give the demo's managers and mailing bot their roles, known before they first write.

    `reviewer`: the login of whoever clicks through the demo. It is linked to the manager who presses the
    buttons of approval cards, unless somebody linked one already.
    """
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
    account = User.objects.filter(username=reviewer, telegram_user=None).first()
    if account is not None:
        TelegramUser.objects.filter(pk=MANAGER.id, staff_account=None).update(staff_account=account)
