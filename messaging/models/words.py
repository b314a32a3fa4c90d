"""The words that messages have: what a misspelt or transliterated word is compared with."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class MessageWord(models.Model):
    """A word of some message, stored by triggers on messages (migration 0008) and never taken away.

    Two transactions that meet the same new word at once both store it: a unique key would make one wait for
    the other.
    """

    word = models.TextField()
    # The word and all it becomes by losing a letter (five letters or more): what two words one slip apart share.
    without_one = ArrayField(models.TextField())
    # How it sounds, roughly, in either alphabet (message_word_sound).
    sound = models.TextField()

    class Meta:
        db_table = "message_words"
        indexes = [
            models.Index(fields=["word"], name="message_words_word"),
            models.Index(fields=["sound"], name="message_words_sound"),
            GinIndex("without_one", name="message_words_without_one", fastupdate=False),
        ]

    def __str__(self) -> str:
        return self.word
