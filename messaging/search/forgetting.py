"""Words that no message has any more, taken out of the table of all words.

They stand there for ever otherwise (triggers only add), and a name or an address that one person alone wrote
would outlive their messages.
"""

from collections.abc import Sequence

from django.db import OperationalError, connection
from psycopg import errors

_UNUSED = """
SELECT word FROM (SELECT DISTINCT word FROM message_words) AS known
 WHERE NOT EXISTS (
    SELECT FROM (SELECT word FROM ts_stat('SELECT search_vector FROM messages')) AS said
     WHERE said.word = known.word)
"""
# Whoever looked at the words before storing a message with one of them has ended when this is granted: the
# trigger's INSERT takes its lock before it looks. Readers go on; a backup reads for hours, and whoever stores
# messages would wait with us for its end. Not for long, since they wait behind us.
_LOCK = """
SET LOCAL lock_timeout = '2s';
LOCK TABLE message_words IN SHARE ROW EXCLUSIVE MODE;
SET LOCAL lock_timeout = 0
"""
_STILL_UNUSED = """
SELECT word FROM unnest(%s::text[]) AS word
 WHERE (SELECT true FROM messages WHERE search_vector @@ (quote_literal(word)::tsquery) LIMIT 1) IS NULL
"""
_FORGET_VARIANTS = """
DELETE FROM message_word_variants AS stands
 USING (SELECT DISTINCT CASE place WHEN 0 THEN word ELSE left(word, place - 1) || substr(word, place + 1) END
               AS variant, word
          FROM unnest(%s::text[]) AS word, generate_series(0, length(word)) AS place) AS gone
 WHERE stands.variant = gone.variant AND stands.word = gone.word
"""


class WordsInUseError(Exception):
    """Somebody has been storing messages for longer than others may be kept waiting: nothing was done."""


def unused_words() -> list[str]:
    """Reads the vectors of all messages once, which takes seconds for a million and holds nobody back."""
    with connection.cursor() as cursor:
        cursor.execute(_UNUSED)
        return [word for (word,) in cursor.fetchall()]


def forget_words(words: Sequence[str]) -> int:
    """Take away those of the words that still no message has; returns how many.

    Call it inside a short transaction, with few words: whoever stores a message waits for its end. Raises
    WordsInUseError.
    """
    with connection.cursor() as cursor:
        try:
            cursor.execute(_LOCK)
        except OperationalError as error:
            if isinstance(error.__cause__, errors.LockNotAvailable):
                raise WordsInUseError from None
            raise
        cursor.execute(_STILL_UNUSED, [list(words)])
        gone = [word for (word,) in cursor.fetchall()]
        cursor.execute(_FORGET_VARIANTS, [gone])
        cursor.execute("DELETE FROM message_words WHERE word = ANY(%s)", [gone])
    return len(gone)
