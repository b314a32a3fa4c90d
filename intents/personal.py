"""What the hub made of a person's messages, as it is handed over to them."""

from collections.abc import Iterator
from typing import Any

from cvgorod_hub.common.handing_over import rows_of
from intents.models import AnalysisCorrection, MessageAnalysis


def meanings_of_person(person_id: int) -> Iterator[dict[str, Any]]:
    """What each message was understood to mean, and by whom."""
    for page in rows_of(MessageAnalysis.objects.filter(message__user=person_id)):
        yield from page


def corrections_of_person(person_id: int) -> Iterator[dict[str, Any]]:
    """What people of our team said instead; without who they are."""
    ours = frozenset({"actor_name", "actor_user_id"})
    for page in rows_of(AnalysisCorrection.objects.filter(message__user=person_id), without=ours):
        yield from page
