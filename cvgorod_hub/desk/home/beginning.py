"""What to do while the hub knows no message yet."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from cvgorod_hub.frame import problems_of


@dataclass(frozen=True)
class Step:
    """`link` is empty where the step is taken elsewhere, or its page is not for this reader."""

    title: str
    advice: str
    link: str = ""
    is_done: bool = False


def beginning(request: HttpRequest) -> list[Step]:
    """The first steps, in their order."""
    has_bot = all(problem.code != "no_bot" for problem in problems_of(request))
    return [
        Step(
            _("Connect the bot"),
            _("Set TELEGRAM_BOT_TOKEN (from @BotFather) and start the hub again."),
            _link(request, "bots_telegrambot_changelist", "bots.view_telegrambot"),
            is_done=has_bot or bool(settings.TELEGRAM_BOT_TOKEN),
        ),
        Step(
            _("Let it read the groups"),
            _(
                "In @BotFather switch privacy mode off (/setprivacy), then add the bot to the clients' "
                "groups. What is written there from then on appears here by itself."
            ),
            _link(request, "bots_botmembership_changelist", "bots.view_botmembership"),
        ),
        Step(
            _("Bring in what was said before"),
            _("Export chats from Telegram Desktop (JSON): “manage.py import_telegram_export”."),
            _link(request, "messaging_historyimport_changelist", "messaging.view_historyimport"),
        ),
        Step(
            _("Say who is who"),
            _("Whoever writes is a client at first: give your own people their roles."),
            _link(request, "clients_telegramuser_changelist", "clients.view_telegramuser"),
        ),
        Step(
            _("Give the agent a key"),
            _("With it a program reads messages and proposes replies, which wait here for a person."),
            _link(request, "api_apikey_changelist", "api.view_apikey"),
        ),
    ]


def _link(request: HttpRequest, url_name: str, permission: str) -> str:
    return reverse(f"admin:{url_name}") if request.user.has_perm(permission) else ""
