"""What a search finds, case by case."""

import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from messaging.models import Message, MessageWord
from messaging.search import compile_query, expansion, vocabulary
from messaging.search.tokens import tokens
from tests.factories import MessageFactory

pytestmark = pytest.mark.django_db


def finds(query: str, text: str, **fields: str) -> bool:
    Message.objects.all().delete()
    MessageFactory(text=text, **fields)
    return Message.objects.search(query).exists()


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("50см", "роза 50 см"),
        ("50 см", "роза 50см"),
        ("50 cm", "роза 50 сантиметров"),
        ("95 р", "по 95₽"),
        ("95 рублей", "по 95р."),
        ("60-70", "длина 60–70"),
        ("1,5 м", "лента 1.5 м"),
        ("№12", "заказ № 12"),
        ("12", "заказ #12"),
        ("КА-00003484", "накладная ка 00003484"),
        ("R-123", "арт. R123"),
        ("+7 (999) 123-45-67", "тел 7 999 123 45 67"),
        ("10:30", "приедем в 10:30"),
        ("бело-розовая", "бело-розовую хочу"),
        ("розовая", "бело-розовую хочу"),
        ("тюльпаны", "есть розы.тюльпаны.лилии"),
        ("нет", "да/нет"),
        ("flower", "пишите на flower_shop@example.org"),
        ("акция", "#акция дня"),
        ("замок", "за\u0301мок на двери"),
        ("пионы OR розы", "Роза"),
        ("пионы или розы", "пиона"),
        ("«красная роза»", "красных роз"),
        ('роза "красная', "красная роза"),
        ("розы и тюльпаны", "тюльпан, роза"),
        ("и", "розы и тюльпаны"),
        ("не", "не надо"),
        ("-розы", "тюльпаны"),
        ('-"белая роза"', "роза белая"),
        ("- роза", "роза"),
        ("стали", "розы стали вялыми"),
        ("эустому", "эустомы есть"),
        ("прейскурант", "приложил прескурант"),
        ("орхидея", "архидея белая"),
        ("хризантема", "кризантему"),
        ("пень", "пни у ворот"),
    ],
)
def test_it_finds(query: str, text: str) -> None:
    assert finds(query, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("50 см", "50 штук по 60 см"),
        ("60", "роза 160"),
        ("не надо", "надо, но не сейчас"),
        ("сталь", "розы стали вялыми"),
        ("цветок", "какого цвета"),
        ("белая", "целая упаковка"),
        ("розы", "позы"),
        ("Red", "рад знакомству"),
        ("Марина", "малина"),
        ("роза –красная", "роза красная"),
        ("пионы -розовые", "пион розовый"),
        ('"белая роза"', "роза белая"),
        ("-розы", "роз нет"),
        ("-розы -тюльпаны", "тюльпан"),
        ("", "роза"),
        ("-", "роза"),
        ('"', "роза"),
        ('""', "роза"),
        ("%", "роза"),
        ("' | 'роза", "тюльпан"),
        ("роза:*", "розарий"),
    ],
)
def test_it_does_not_find(query: str, text: str) -> None:
    assert not finds(query, text)


@pytest.mark.parametrize(
    ("latin", "russian"),
    [
        ("Red Naomi", "ред наоми"),
        ("Explorer", "эксплорера"),
        ("Freedom", "фридомом"),
        ("Mondial", "Мондиаля"),
        ("Avalanche", "аваланш"),
        ("Playa Blanca", "плайя бланка"),
        ("White O'Hara", "вайт охара"),
        ("Quicksand", "квиксенд"),
    ],
)
def test_names_are_found_in_either_alphabet(latin: str, russian: str) -> None:
    expected = latin != "White O'Hara"  # one word in Russian

    assert finds(latin, f"роза {russian} 60") is expected
    assert finds(russian, f"роза {latin} 60") is expected


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("Павел", "Павлу"),
        ("Юрий", "Юрием"),
        ("Аня", "Ане"),
        ("Игорь", "Игоря"),
        ("Мария", "Марии"),
        ("Ковалёв", "Ковалеву"),
        ("Илья", "Ильёй"),
    ],
)
def test_names_of_people_are_declined(name: str, form: str) -> None:
    assert finds(name, f"спросите у нас, {form} отдали")
    assert finds(form, f"{name} на складе")


@pytest.mark.parametrize(("name", "other"), [("Мария", "Марья"), ("Алёна", "Елена"), ("Галина", "калина")])
def test_a_name_is_no_slip_of_another(name: str, other: str) -> None:
    assert not finds(name, other)
    assert not finds(other, name)


@pytest.mark.parametrize("typed", ["гортезия", "горртензия", "гортонзия", "гротензия", "гартензиями"])
def test_one_slip_is_forgiven_where_it_was_typed_and_where_it_is_stored(typed: str) -> None:
    assert finds(typed, "голубую гортензию")
    assert finds("гортензия", f"есть {typed}?")


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        ("альстромерия", "альстрамерия", True),
        ("альстромерия", "альстомерии", True),
        ("аваланш", "аваланж", True),
        ("эустома", "эвстома", True),
        ("гипсофила", "гипсофла", True),
        ("фридом", "фридомм", True),
        ("бакарди", "баварди", False),
        ("эксплорер", "эксплоэр", False),
    ],
)
def test_a_name_written_in_two_ways_is_one(one: str, other: str, are_one: bool) -> None:
    MessageFactory(text=one)
    MessageFactory(text=other)

    assert Message.objects.search(one).count() == (2 if are_one else 1)
    assert Message.objects.search(other).count() == (2 if are_one else 1)


@pytest.mark.parametrize(
    ("name", "by_ear", "otherwise"),
    [("альстромерия", "альстрамерия", "альстромелия"), ("ранункулюс", "ранонкулюс", "ранукулюс")],
)
def test_of_a_name_all_misspellings_are_found(name: str, by_ear: str, otherwise: str) -> None:
    for text in (name, by_ear, otherwise):
        MessageFactory(text=text)

    assert Message.objects.search(name).count() == 3


def test_a_name_that_is_used_is_no_slip_of_a_word_that_sounds_otherwise() -> None:
    MessageFactory(text="салат")
    assert Message.objects.search("салал").exists()

    used = MessageFactory(text="салал")

    assert list(Message.objects.search("салал")) == [used]


def test_a_slip_is_of_the_word_that_it_sounds_like() -> None:
    assert not finds("доставка", "доставте до обеда")
    assert finds("доставьте", "доставте до обеда")


def test_a_transcript_is_searched_and_a_phrase_does_not_stretch_over_a_word() -> None:
    assert finds("гвоздика", "", transcript="нужны гвоздики")
    assert not finds('"красная роза"', "красная кустовая роза")


def test_a_changed_text_brings_its_words() -> None:
    message = MessageFactory(text="роза")
    Message.objects.filter(pk=message.pk).update(text="гиппеаструм")

    assert Message.objects.search("гиппеастум").get() == message
    assert not Message.objects.search("роза").exists()


def test_a_word_is_kept_once() -> None:
    MessageFactory.create_batch(3, text="Гиппеаструм, гиппеаструм")

    assert MessageWord.objects.filter(word="гиппеаструм").count() == 1


def test_a_new_word_is_found_at_once_by_who_misspelt_it_before() -> None:
    assert not Message.objects.search("гиппеастум").exists()
    assert not Message.objects.search("vendela").exists()

    amaryllis, rose = MessageFactory(text="гиппеаструм"), MessageFactory(text="роза вендела")

    assert Message.objects.search("гиппеастум").get() == amaryllis
    assert Message.objects.search("vendela").get() == rose


def test_all_words_of_a_query_are_looked_up_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is near them or there, then what sounds like them, then which of all that messages have."""
    monkeypatch.setattr(expansion, "_memory", vocabulary.Memory())
    words = "красные пионы мондиаль explorer альстромерия гиппеастум накладная"

    with CaptureQueriesContext(connection) as first:
        compile_query(words)
    with CaptureQueriesContext(connection) as again:
        compile_query(words)

    assert (len(first), len(again)) == (3, 1)


def test_a_word_that_was_not_yet_committed_is_found_when_answers_have_aged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = time.monotonic()
    # Of earlier tests, whose words went and whose numbers stay, nothing is remembered.
    monkeypatch.setattr(expansion, "_memory", vocabulary.Memory())
    newest = vocabulary._newest_word()
    monkeypatch.setattr(vocabulary, "_newest_word", lambda: newest)  # its number had been taken already
    monkeypatch.setattr(vocabulary.time, "monotonic", lambda: now)
    assert not Message.objects.search("гиппеастум").exists()
    MessageFactory(text="гиппеаструм")
    assert not Message.objects.search("гиппеастум").exists()

    now += vocabulary.KEPT_SECONDS

    assert Message.objects.search("гиппеастум").exists()


class TestTokens(TestCase):
    @given(
        st.text(
            st.characters(
                codec="utf-8",
                exclude_characters="\0",
                exclude_categories=("Mn", "Lm", "Lo", "Nd", "Nl", "No", "Cs", "Co", "Cn", "So", "Mc", "Me"),
            ),
            max_size=60,
        )
    )
    @example("İstanbul")
    def test_words_are_cut_as_postgresql_cuts_them(self, text: str) -> None:
        message = Message(text=text)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT tsvector_to_array(search_vector) FROM messages WHERE id = %s",
                [MessageFactory(text=message.text).pk],
            )
            [stored] = cursor.fetchone()

        assert sorted(stored) == sorted({token.word for token in tokens(text)})


@given(st.text(max_size=80))
def test_no_query_is_an_error(text: str) -> None:
    query = text.replace("\0", "").encode(errors="ignore").decode()

    assert list(Message.objects.search(query)) == []  # nor finds it what is not there
