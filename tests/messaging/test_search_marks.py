import re

import pytest

from messaging.search import compile_query, highlight, highlight_whole
from messaging.search.marks import BEFORE, SNIPPET
from tests.factories import MessageFactory

pytestmark = pytest.mark.django_db


def marked(query: str, *texts: str) -> str:
    return highlight(compile_query(query, beginnings=False), *texts)


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("роза", "Роза!", "<mark>Роза</mark>!"),
        ('"белая роза"', "роза, белая роза", "роза, <mark>белая роза</mark>"),
        ("роза -белая", "роза", "<mark>роза</mark>"),
        ("50 см", "роза 50см", "роза <mark>50см</mark>"),
        ("роза", "<script>роза</script>", "&lt;script&gt;<mark>роза</mark>&lt;/script&gt;"),
        ("роза", "<mark>тюльпан</mark> роза", "&lt;mark&gt;тюльпан&lt;/mark&gt; <mark>роза</mark>"),
        ("роза", "роза &amp; \x02роза\x03", "<mark>роза</mark> &amp;amp; \x02<mark>роза</mark>\x03"),
        ("mark", "<mark>", "&lt;<mark>mark</mark>&gt;"),
        ("роза", "a\"b'роза", "a&quot;b&#x27;<mark>роза</mark>"),
        ("", "<b>", "&lt;b&gt;"),
    ],
)
def test_what_was_found_is_marked_and_all_else_escaped(query: str, text: str, expected: str) -> None:
    assert marked(query, text) == expected


def test_a_long_text_is_shown_around_its_first_mark() -> None:
    shown = marked("роза", f"{'слово ' * 200}роза{' слово' * 200}")

    assert re.fullmatch(r"…(слово )+<mark>роза</mark>( слово)+…", shown)
    assert len(shown) < SNIPPET + len("<mark></mark>……") + 1
    assert shown.index("<mark>") <= BEFORE + 1


def test_the_transcript_is_shown_where_the_match_is_there() -> None:
    assert marked("роза", "подпись", "нужна роза") == "нужна <mark>роза</mark>"
    assert marked("роза", "", "нужен пион") == "нужен пион"


@pytest.mark.django_db
def test_a_whole_text_is_marked_and_everything_else_in_it_stays_text() -> None:
    text = "Розы <b>есть</b>? " + "длинно " * 60 + "и ещё роза & мак"
    MessageFactory(text=text)  # forms are those that messages have

    marked = highlight_whole(compile_query("роза"), text)

    assert marked.startswith("<mark>Розы</mark> &lt;b&gt;есть&lt;/b&gt;?")
    assert marked.endswith("ещё <mark>роза</mark> &amp; мак")
    assert "…" not in marked
