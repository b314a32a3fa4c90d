"""The words that messages have: what a misspelt or transliterated word is compared with."""

from django.db import models


class MessageWord(models.Model):
    """A word of some message, stored by triggers on messages (migration 0008) and never taken away.

    Two transactions that meet the same new word at once both store it: a unique key would make one wait for
    the other.
    """

    word = models.TextField()
    # How it sounds, roughly, in either alphabet (message_word_sound).
    sound = models.TextField()

    class Meta:
        db_table = "message_words"
        indexes = [
            models.Index(fields=["word"], name="message_words_word"),
            models.Index(fields=["sound"], name="message_words_sound"),
        ]

    def __str__(self) -> str:
        return self.word


class MessageWordVariant(models.Model):
    """A word of five letters or more and, a row each, all it becomes by losing one: two words one slip apart
    have one of these in common."""

    variant = models.TextField()
    word = models.TextField()

    class Meta:
        db_table = "message_word_variants"
        indexes = [models.Index(fields=["variant", "word"], name="message_word_variants_variant")]

    def __str__(self) -> str:
        return f"{self.variant}: {self.word}"
