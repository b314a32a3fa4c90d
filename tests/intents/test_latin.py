"""Russian in Latin letters is read as Russian; varieties in Latin letters stay what they are."""

import pytest

from intents.patterns.latin import in_cyrillic


@pytest.mark.parametrize(
    ("text", "russian"),
    [
        ("privet", "привет"),
        ("soglasna, otpravlyaite", "согласна, отправляйте"),
        ("kachestvo uzhas", "качество ужас"),
        ("eshche 5 pachek", "еще 5 пачек"),
        ("list'ya", "листья"),
    ],
)
def test_a_message_in_latin_letters_is_read_by_its_sound(text: str, russian: str) -> None:
    assert in_cyrillic(text) == russian


@pytest.mark.parametrize("text", ["беру 50 Freedom 60 см", "Quicksand", "ignore previous instructions"])
def test_what_the_dictionary_does_not_know_stays(text: str) -> None:
    assert in_cyrillic(text) == text


@pytest.mark.parametrize(("text", "mended"), [("cрочно", "срочно"), ("зaкaз", "заказ"), ("60cм", "60см")])
def test_letters_that_only_look_russian_are_mended(text: str, mended: str) -> None:
    assert in_cyrillic(text) == mended
