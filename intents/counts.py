"""What statistics of meaning are read from: kept by triggers, in the transaction of the rows counted.

Quarters, levels and `role_id` are those of messaging/models/counts.py.
"""

# ruff: noqa: DJ008  (no person meets these rows)

from django.db import models


class AnalysisCount(models.Model):
    """What messages of one node meant: a tree of quarters like messaging's `MessageCount`."""

    pk = models.CompositePrimaryKey("level", "bucket", "role_id", "intent", "sentiment")
    level = models.SmallIntegerField()
    bucket = models.IntegerField()
    role_id = models.BigIntegerField()
    intent = models.CharField(max_length=16)
    sentiment = models.CharField(max_length=16)
    analyses = models.BigIntegerField()

    class Meta:
        db_table = "analysis_counts"


class AnalysisCountChange(models.Model):
    """What a statement added to a quarter or took from it, not yet in the tree and the days."""

    bucket = models.IntegerField()
    role_id = models.BigIntegerField()
    intent = models.CharField(max_length=16)
    sentiment = models.CharField(max_length=16)
    analyses = models.BigIntegerField()

    class Meta:
        db_table = "analysis_count_changes"


class AnalysisDay(models.Model):
    """What messages of one local day meant, in the time zone of the calendar."""

    pk = models.CompositePrimaryKey("date", "role_id", "intent")
    date = models.DateField()
    role_id = models.BigIntegerField()
    intent = models.CharField(max_length=16)
    analyses = models.BigIntegerField()

    class Meta:
        db_table = "analysis_days"


class AnalysisCalendar(models.Model):
    """The one row that says in which time zone `AnalysisDay` counts."""

    time_zone = models.CharField(max_length=64)

    class Meta:
        db_table = "analysis_calendar"
