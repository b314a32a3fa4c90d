"""Template words for what messages mean."""

from django import template

from intents.corrections.labels import meaning_labels
from intents.entities.words import entity_in_words
from intents.models import Reclassification

register = template.Library()
register.filter("entity_in_words", entity_in_words)
register.simple_tag(meaning_labels)
# More than anybody watches at once.
_MOST_SHOWN = 5


@register.simple_tag
def running_reclassifications() -> list[Reclassification]:
    """The runs that are not done, the newest first."""
    return list(Reclassification.objects.filter(state=Reclassification.State.RUNNING)[:_MOST_SHOWN])
