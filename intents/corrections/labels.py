"""What a message means, as small labels; in a list of fifty, and on every bubble of a conversation.

Without a template: as one it was a quarter of such a page's time.
"""

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from intents.entities.words import entity_in_words
from intents.labels import Intent, Sentiment
from intents.models import MessageAnalysis

# So many entities are in sight.
_MOST_ENTITIES = 6
_LABEL = '<span class="label label-{0}">{1}</span>'
_CHOICE = (
    '<a class="label label-{0}" href="{2}" data-correct="{3}" aria-haspopup="dialog" title="{4}">{1}</a>'
)
_RIGHT = (
    '<button class="label label-right" form="correction-form" formaction="{}" name="right" value="{}">'
    '<span aria-hidden="true">✓</span> {}</button>'
)
_CHECKED = (
    '<span class="label-said" title="{}"><span aria-hidden="true">✓</span> '
    '<span class="label-word">{}</span></span>'
)


def meaning_labels(analysis: MessageAnalysis, *, can_correct: bool) -> SafeString:
    """Where `can_correct`, a label opens the choice of another, and one says that it is right."""
    url = reverse("admin:intents_messageanalysis_correct", args=[analysis.message_id])
    label = _CHOICE if can_correct else _LABEL
    shown = [(kind, words, url, what, _("Correct")) for kind, words, what in _said(analysis)]
    labels = format_html_join("", label, shown)
    verdict = _verdict(analysis, url) if can_correct else ""
    return format_html(
        '<div class="labels" data-labels="{}">{}{}</div>', analysis.message_id, labels, verdict
    )


def _said(analysis: MessageAnalysis) -> list[tuple[str, str, str]]:
    """(the label's kind, its words, which of the choices it opens)."""
    said = [(analysis.intent, _label(Intent, analysis.intent), "")]
    if analysis.is_urgent:
        said.append(("urgent", _("Urgent"), "is_urgent"))
    if analysis.sentiment != Sentiment.NEUTRAL:
        said.append((analysis.sentiment, _label(Sentiment, analysis.sentiment), "sentiment"))
    entities = analysis.entities
    said += [("entity", entity_in_words(entity), "entities") for entity in entities[:_MOST_ENTITIES]]
    if rest := len(entities[_MOST_ENTITIES:]):
        said.append(("entity", _("%(count)s more") % {"count": rest}, "entities"))
    return said


def _label(choices: type[Intent | Sentiment], value: str) -> str:
    """A word that none of them is, as somebody may have written it past the admin, stands for itself."""
    return str(choices(value).label) if value in choices.values else value


def _verdict(analysis: MessageAnalysis, url: str) -> SafeString:
    if analysis.source == MessageAnalysis.Source.PERSON:
        return format_html(_CHECKED, _("A person said so"), _("checked"))
    return format_html(_RIGHT, url, analysis.fingerprint, _("Right"))
