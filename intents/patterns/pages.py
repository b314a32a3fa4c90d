"""What the patterns' pages show: why a message was judged so, and what a change would do."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clients.models import UserRole
from cvgorod_hub.common.admin import excerpt
from intents.models import Intent, MessageAnalysis, MessagePattern, Sentiment
from intents.patterns.classifier import Spoken, Verdict, verdict_on
from intents.patterns.preview import Changed, Preview, preview
from intents.patterns.rulebook import load_classifier
from messaging.conversation_links import conversation_url
from messaging.models import Message

# More rows than anybody reads before saving; the counts above them are of all.
MOST_ROWS = 100


def verdict_context(*, text: str, sender_role: UserRole) -> dict[str, object]:
    """A tried message: the verdict, what speaks for each intent, and the rules behind it."""
    voices = load_classifier().explain(text, sender_role.role_name)
    verdict = verdict_on(voices)
    return {
        "intent": Intent(verdict.intent).label,
        "sentiment": Sentiment(verdict.sentiment).label,
        "is_urgent": verdict.is_urgent,
        "confidence": f"{verdict.confidence:.0%}",
        "sums": [
            (Intent(intent).label, _number(weight, 1)) for intent, weight in verdict.sums if weight >= 0.05
        ],
        "reasons": {
            "headers": [_("pattern"), _("says"), _("weight"), _("words of the message")],
            "rows": [_reason(voice) for voice in voices],
        },
    }


def _reason(voice: Spoken) -> tuple[str, str, str, str]:
    name = format_html(
        '<a href="{}">{}</a>',
        reverse("admin:intents_messagepattern_change", args=[voice.rule.id]),
        voice.rule.name,
    )
    return name, ", ".join(_says(voice)), _weight(voice), excerpt(voice.words, 60) or _("who wrote it")


def _says(voice: Spoken) -> list[str]:
    said = [str(Intent(voice.rule.intent).label)] if voice.rule.weight else []
    if voice.rule.sentiment:
        said.append(str(Sentiment(voice.rule.sentiment).label))
    if voice.rule.is_urgent:
        said.append(_("urgent"))
    return said or ["—"]


def _weight(voice: Spoken) -> str:
    """The weight that counts; where it is a share of the rule's, of how much."""
    if not voice.rule.weight:
        return "—"
    if voice.share == 1:
        return _number(voice.weight)
    return _("%(share)s of %(whole)s") % {
        "share": _number(voice.weight),
        "whole": _number(voice.rule.weight),
    }


def _number(weight: float, digits: int = 2) -> str:
    return localize(round(weight, digits))


def preview_context(request: HttpRequest, pattern: MessagePattern) -> dict[str, object]:
    """What saving the pattern would change; the messages themselves only for who may read messages."""
    result = preview(pattern)
    shows = request.user.has_perm("messaging.view_message")
    rows = [_changed(one) for one in result.changed[:MOST_ROWS]] if shows else []
    return {
        "preview": {
            "headline": _headline(result),
            "facts": _facts(result),
            "moves": [
                (Intent(before).label, Intent(after).label, count) for (before, after), count in result.moves
            ],
            "table": {"headers": [_("message"), _("now"), _("after saving")], "rows": rows},
            "left_out": len(result.changed) - len(rows) if shows else 0,
            "is_hidden": bool(result.changed) and not shows,
            "is_cut": result.read < result.there,
            "read": result.read,
            "there": result.there,
        }
    }


def _headline(result: Preview) -> str:
    if not result.there:
        return _("There are no messages yet to try the change on.")
    count = len(result.changed)
    if not count:
        return ngettext(
            "Nothing would change in the newest %(read)d message.",
            "Nothing would change in the newest %(read)d messages.",
            result.read,
        ) % {"read": result.read}
    return ngettext(
        "%(count)d of the newest %(read)d messages would be understood differently.",
        "%(count)d of the newest %(read)d messages would be understood differently.",
        count,
    ) % {"count": count, "read": result.read}


def _facts(result: Preview) -> list[str]:
    facts = [_("the pattern speaks of: %(count)d") % {"count": result.heard}]
    if result.newly_urgent:
        facts.append(_("become urgent: %(count)d") % {"count": result.newly_urgent})
    if result.no_longer_urgent:
        facts.append(_("urgent no longer: %(count)d") % {"count": result.no_longer_urgent})
    if result.other_moods:
        facts.append(_("other mood: %(count)d") % {"count": result.other_moods})
    return facts


def _changed(one: Changed) -> tuple[str, str, str]:
    message = one.message
    said = format_html(
        '<span><a href="{}" target="_blank" rel="noopener">{}</a><br><small>{}{}</small></span>',
        conversation_url(message.chat_id, message.pk),
        excerpt(message.text or message.transcript, 160),
        message.chat,
        _stays(message),
    )
    return said, _in_words(one.before, one.after), _in_words(one.after, one.before)


def _stays(message: Message) -> str:
    """Whose word stands anyhow, whatever the patterns say."""
    analysis: MessageAnalysis | None = getattr(message, "analysis", None)
    if analysis is None or analysis.source == MessageAnalysis.Source.PATTERN:
        return ""
    if analysis.source == MessageAnalysis.Source.PERSON:
        return " · " + _("a person decided, that stays")
    return " · " + _("the model decided")


def _in_words(verdict: Verdict, other: Verdict) -> str:
    """The intent, and what else of the verdict differs from the other one."""
    words = [str(Intent(verdict.intent).label)]
    if verdict.is_urgent:
        words.append(_("urgent"))
    if verdict.sentiment != other.sentiment:
        words.append(str(Sentiment(verdict.sentiment).label).lower())
    return ", ".join(words)
