import time

from sandbox.diff import Segment, text_diff


def test_whole_words_and_numbers_are_what_changed() -> None:
    assert text_diff("Роза 96,50 за штуку.", "Роза 98,50 за штуку.") == [
        Segment("equal", "Роза "),
        Segment("delete", "96,50"),
        Segment("insert", "98,50"),
        Segment("equal", " за штуку."),
    ]


def test_the_same_text_has_no_segments() -> None:
    assert text_diff("Роза есть.", "Роза есть.") == []


def test_both_texts_can_be_read_from_the_segments() -> None:
    before, after = "Да, есть.\nЦена 95 ₽ 🌹", "Добрый день!\nДа, есть: цена 90 ₽ 🌷🌹"

    segments = text_diff(before, after)

    assert "".join(part.text for part in segments if part.operation != "insert") == before
    assert "".join(part.text for part in segments if part.operation != "delete") == after


def test_the_hardest_texts_end_in_time() -> None:
    before, after = "а б " * 1024, "б а в" * 819
    began = time.process_time()

    assert text_diff(before, after)
    assert time.process_time() - began < 5
