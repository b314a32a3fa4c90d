"""How much there is about a person, kind by kind, before it is erased; and what the kinds are called."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bots.erasing import updates_naming
from bots.models import ButtonPress
from clients.erasing import names_of
from clients.models import TelegramUser
from cvgorod_hub.api.hooks.erasing import deliveries_holding
from intents.models import AnalysisCorrection, MessageAnalysis
from messaging.erasing import chats_of
from messaging.models import Message, MessageVersion, Recording
from sandbox.erasing import UNSENT, replies_to
from sandbox.models import PendingResponse

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# In the order in which people read them. What an erasure counts stands here as well.
KINDS: "dict[str, StrOrPromise]" = {
    "messages": _("messages"),
    "versions": _("earlier versions"),
    "recordings": _("recordings"),
    "files": _("files of recordings"),
    "transcript_versions": _("earlier transcripts"),
    "analyses": _("meanings"),
    "corrections": _("corrections"),
    "passed_on": _("messages passed on by others"),
    "quotes": _("quotes in answers"),
    "mentions": _("mentions in messages of others"),
    "replies": _("replies to the person"),
    "unsent_replies": _("of these never sent"),
    "events": _("entries in the log of replies"),
    "reasons": _("the agent's reasons"),
    "updates": _("raw updates"),
    "presses": _("presses of buttons"),
    "deliveries": _("deliveries of webhooks"),
    "log_entries": _("entries in the log of the admin"),
    "words": _("words of the search"),
}


def count_data(person: TelegramUser) -> dict[str, int]:
    """By the names of KINDS; what only the erasure itself can find is left out. Updates and deliveries are
    those that may be about the person."""
    said = Message.objects.filter(user=person, erased_at=None)
    chats, now = chats_of(person.pk), timezone.now()
    names = names_of(person)
    replies = PendingResponse.objects.filter(
        pk__in=replies_to(person.pk, chats=chats, names=names, until=now, moment=now)
    )
    recordings = Recording.objects.filter(message__in=said)
    return {
        "messages": said.count(),
        "versions": MessageVersion.objects.filter(message__in=said).count(),
        "recordings": recordings.count(),
        "files": recordings.exclude(file="").count(),
        "analyses": MessageAnalysis.objects.filter(message__in=said).count(),
        "corrections": AnalysisCorrection.objects.filter(message__in=said).count(),
        "replies": replies.count(),
        "unsent_replies": replies.filter(status__in=[*UNSENT, "pending", "approved"]).count(),
        "updates": len(updates_naming(person.pk)),
        "presses": ButtonPress.objects.filter(person_id=person.pk).count(),
        "deliveries": len(deliveries_holding([f'"user_id":{person.pk},'])),
    }


def in_words(counts: Mapping[str, int]) -> "list[tuple[StrOrPromise, int]]":
    """Kinds of which there is something, in their order."""
    return [(label, counts[kind]) for kind, label in KINDS.items() if counts.get(kind)]
