"""What statistics of meaning are read from: kept by triggers, in the transaction of the rows counted.

Quarters, levels and `role_id` are those of messaging/models/counts.py. Every intent and every sentiment has
a column: a reader then meets one row for a node and role, not twenty. A new intent needs a migration of
tables and triggers.
"""

# ruff: noqa: DJ008  (no person meets these rows)

from django.db import models


class Meanings(models.Model):
    """How many messages meant what."""

    intent_order = models.IntegerField()
    intent_question = models.IntegerField()
    intent_interest = models.IntegerField()
    intent_complaint = models.IntegerField()
    intent_confirmation = models.IntegerField()
    intent_broadcast = models.IntegerField()
    intent_other = models.IntegerField()
    sentiment_positive = models.IntegerField()
    sentiment_neutral = models.IntegerField()
    sentiment_negative = models.IntegerField()

    class Meta:
        abstract = True


class AnalysisCount(Meanings):
    """What messages of one node meant: a tree of quarters like messaging's `MessageCount`."""

    pk = models.CompositePrimaryKey("level", "bucket", "role_id")
    level = models.SmallIntegerField()
    bucket = models.IntegerField()
    role_id = models.BigIntegerField()

    class Meta:
        db_table = "analysis_counts"


class AnalysisCountChange(Meanings):
    """What a statement added to a quarter or took from it, not yet in the tree and the days."""

    bucket = models.IntegerField()
    role_id = models.BigIntegerField()

    class Meta:
        db_table = "analysis_count_changes"


class AnalysisDay(Meanings):
    """What messages of one local day meant, in the time zone of the calendar."""

    pk = models.CompositePrimaryKey("date", "role_id")
    date = models.DateField()
    role_id = models.BigIntegerField()

    class Meta:
        db_table = "analysis_days"


class AnalysisCalendar(models.Model):
    """The one row that says in which time zone `AnalysisDay` counts."""

    time_zone = models.CharField(max_length=64)

    class Meta:
        db_table = "analysis_calendar"
