"""The admin's look and its sidebar (django-unfold)."""

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from cvgorod_hub.badges import badges_of
from cvgorod_hub.frame import counts_of, problems_of

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


def environment_label(_request: HttpRequest) -> list[str] | None:
    """The badge in the page's head: it says so when everything is the demo's simulation."""
    from django.conf import settings  # settings import this module

    return [str(_("Demo: this Telegram is simulated")), "warning"] if settings.HUB_DEMO else None


def _link(
    title: "StrPromise",
    icon: str,
    url_name: str,
    *permissions: str,
    badge_variant: str = "primary",
) -> dict[str, Any]:
    """For whoever has all the permissions; numbers beside links are of cvgorod_hub/badges.py."""
    return {
        "title": title,
        "icon": icon,
        "url_name": url_name,
        "link": reverse_lazy(f"admin:{url_name}"),
        "permission": lambda request: request.user.has_perms(permissions),
        "badge_variant": badge_variant,
    }


NAVIGATION: list[dict[str, Any]] = [
    {
        "title": _("Work"),
        "items": [
            _link(
                _("Replies to review"),
                "rate_review",
                "sandbox_pendingresponse_changelist",
                "sandbox.view_pendingresponse",
            ),
            _link(
                _("Waiting"),
                "hourglass_top",
                "desk_waiting",
                "messaging.view_chat",
                "messaging.view_message",
                badge_variant="warning",
            ),
            _link(_("Chats"), "forum", "messaging_chat_changelist", "messaging.view_chat"),
            _link(
                _("Messages"),
                "chat",
                "messaging_message_changelist",
                "messaging.view_message",
            ),
            _link(
                _("Recordings"),
                "mic",
                "messaging_recording_changelist",
                "messaging.view_recording",
            ),
            _link(
                _("People"),
                "group",
                "clients_telegramuser_changelist",
                "clients.view_telegramuser",
            ),
        ],
    },
    {
        "title": _("Understanding"),
        "separator": True,
        "items": [
            _link(
                _("Analyses"),
                "psychology",
                "intents_messageanalysis_changelist",
                "intents.view_messageanalysis",
            ),
            _link(
                _("Classifying anew"),
                "autorenew",
                "intents_reclassification_changelist",
                "intents.view_reclassification",
            ),
            _link(
                _("Patterns"),
                "rule",
                "intents_messagepattern_changelist",
                "intents.view_messagepattern",
            ),
            _link(
                _("The model"),
                "neurology",
                "intents_modelsettings_changelist",
                "intents.view_modelsettings",
            ),
        ],
    },
    {
        "title": _("Rules of replying"),
        "separator": True,
        "items": [
            _link(
                _("Sandbox settings"),
                "tune",
                "sandbox_sandboxsettings_changelist",
                "sandbox.view_sandboxsettings",
            ),
            _link(
                _("Reasons for rejection"),
                "thumb_down",
                "sandbox_rejectionreason_changelist",
                "sandbox.view_rejectionreason",
            ),
            _link(
                _("Log of replies"),
                "history",
                "sandbox_responseevent_changelist",
                "sandbox.view_responseevent",
            ),
        ],
    },
    {
        "title": _("Hub"),
        "separator": True,
        "items": [
            _link(
                _("Bots"),
                "smart_toy",
                "bots_telegrambot_changelist",
                "bots.view_telegrambot",
            ),
            _link(
                _("Bots in chats"),
                "groups",
                "bots_botmembership_changelist",
                "bots.view_botmembership",
            ),
            _link(
                _("Gaps in collecting"),
                "history_toggle_off",
                "bots_collectiongap_changelist",
                "bots.view_collectiongap",
            ),
            _link(
                _("Raw updates"),
                "inbox",
                "bots_rawupdate_changelist",
                "bots.view_rawupdate",
                badge_variant="danger",
            ),
            _link(
                _("Imports of history"),
                "history_edu",
                "messaging_historyimport_changelist",
                "messaging.view_historyimport",
            ),
            _link(
                _("Approval cards"),
                "style",
                "bots_approvalcard_changelist",
                "bots.view_approvalcard",
            ),
            _link(
                _("Presses of buttons"),
                "touch_app",
                "bots_buttonpress_changelist",
                "bots.view_buttonpress",
            ),
            _link(_("API keys"), "key", "api_apikey_changelist", "api.view_apikey"),
            _link(
                _("Webhooks"),
                "webhook",
                "api_webhookendpoint_changelist",
                "api.view_webhookendpoint",
                badge_variant="danger",
            ),
            _link(
                _("Deliveries of webhooks"),
                "outbox",
                "api_webhookdelivery_changelist",
                "api.view_webhookdelivery",
            ),
            _link(
                _("Erasures"),
                "person_off",
                "hub_erasure_changelist",
                "hub.view_erasure",
            ),
            _link(_("Roles"), "badge", "clients_userrole_changelist", "clients.view_userrole"),
            _link(
                _("Staff accounts"),
                "manage_accounts",
                "auth_user_changelist",
                "auth.view_user",
            ),
            _link(_("Groups"), "shield_person", "auth_group_changelist", "auth.view_group"),
            _link(
                _("Refused logins"),
                "gpp_bad",
                "staff_loginattempt_changelist",
                "staff.view_loginattempt",
            ),
        ],
    },
]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar; beside its first link stands how many problems there are, if any."""
    problems = problems_of(request)
    home = {
        "title": _("Overview"),
        "icon": "home",
        "link": reverse_lazy("admin:index"),
        "badge": len(problems),
        "badge_variant": "danger" if any(problem.is_critical for problem in problems) else "warning",
    }
    shown = {
        item["url_name"] for group in NAVIGATION for item in group["items"] if item["permission"](request)
    }
    badges = badges_of(counts_of(request), shown)
    groups = [
        {**group, "items": [{**item, "badge": badges.get(item["url_name"])} for item in group["items"]]}
        for group in NAVIGATION
    ]
    return [{"items": [home]}, *groups]


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("Message hub"),
    "SITE_HEADER": _("Tsvetushchy Gorod"),
    "SITE_SUBHEADER": _("Message hub"),
    "SITE_SYMBOL": "local_florist",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("hub/icon.svg")}
    ],
    "STYLES": [
        lambda _request: static("hub/palette.css"),
        lambda _request: static("hub/pages.css"),
        lambda _request: static("hub/problems.css"),
        lambda _request: static("hub/history.css"),
        lambda _request: static("hub/lists.css"),
    ],
    "SCRIPTS": [lambda _request: static("hub/names.js")],
    "SHOW_HISTORY": True,
    "SITE_URL": None,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "ENVIRONMENT": "cvgorod_hub.admin_theme.environment_label",
    "BORDER_RADIUS": "8px",
    # Leaf green; 600 and darker carry white text at a contrast of 4.5 or more.
    "COLORS": {
        "primary": {
            "50": "oklch(97.5% .018 160)",
            "100": "oklch(94.5% .04 160)",
            "200": "oklch(89% .075 160)",
            "300": "oklch(82% .11 160)",
            "400": "oklch(71% .13 160)",
            "500": "oklch(60% .125 160)",
            "600": "oklch(50% .11 160)",
            "700": "oklch(43% .095 160)",
            "800": "oklch(36% .078 160)",
            "900": "oklch(30% .06 160)",
            "950": "oklch(22% .045 160)",
        },
    },
    "ACCOUNT": {
        "navigation": [
            {"title": _("Two-step login"), "link": reverse_lazy("admin:two_step")},
            {"title": _("Change password"), "link": reverse_lazy("admin:password_change")},
        ],
    },
    "DASHBOARD_CALLBACK": "cvgorod_hub.desk.home.page.home_context",
    "SIDEBAR": {
        "show_search": False,
        "navigation": navigation,
    },
}
