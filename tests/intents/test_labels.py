"""The small labels that say what a message means."""

import re

import pytest
from django.utils import translation

from intents.corrections.labels import meaning_labels
from intents.models import MessageAnalysis
from tests.factories import AnalysisFactory

pytestmark = pytest.mark.django_db


def analysis(**fields: object) -> MessageAnalysis:
    found: MessageAnalysis = AnalysisFactory(**fields)
    return found


def words(analysis: MessageAnalysis, *, can_correct: bool = False) -> list[str]:
    with translation.override("ru"):
        shown = meaning_labels(analysis, can_correct=can_correct)
    return re.findall(r'class="label label-([\w-]+)"[^>]*>(?:<span[^>]*>✓</span> )?([^<]*)<', shown)


def test_what_is_usual_is_one_label() -> None:
    assert words(analysis(intent="order", sentiment="neutral")) == [("order", "Заказ")]


def test_what_is_not_usual_stands_beside_it() -> None:
    said = analysis(intent="complaint", is_urgent=True, sentiment="negative")

    assert words(said) == [("complaint", "Жалоба"), ("urgent", "Срочно"), ("negative", "Отрицательное")]


def test_a_word_that_nobody_here_gave_stands_for_itself() -> None:
    said = analysis()
    MessageAnalysis.objects.filter(pk=said.pk).update(intent="gossip", sentiment="glad")
    said.refresh_from_db()

    assert [label for _kind, label in words(said)] == ["gossip", "glad"]


def test_of_many_things_the_first_six_are_named_and_the_rest_counted() -> None:
    things = [{"kind": "product", "product": f"роза <{number}>"} for number in range(8)]

    assert words(analysis(intent="order", entities=things))[1:] == [
        *[("entity", f"роза &lt;{number}&gt;") for number in range(6)],
        ("entity", "ещё 2"),
    ]


@pytest.mark.parametrize(("source", "verdict"), [("pattern", [("right", "Верно")]), ("person", [])])
def test_who_may_correct_is_asked_whether_it_is_right_until_a_person_said_so(
    source: str, verdict: list[tuple[str, str]]
) -> None:
    assert words(analysis(intent="order", source=source), can_correct=True)[1:] == verdict
