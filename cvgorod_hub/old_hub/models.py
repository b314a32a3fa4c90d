"""How far the old hub's rows have come, and what became of each."""

from django.db import models


class LegacyMigration(models.Model):
    """One reading of the old database from its first row to its last, in as many runs as it takes.

    `checkpoint` is the key of the last old message that is settled; `tallies` what became of messages until
    then, as `cvgorod_hub/old_hub/tally.py` has them. Both move in the transaction of the rows. `report` is
    what was said at the end.
    """

    class State(models.TextChoices):
        RUNNING = "running"
        FINISHED = "finished"
        FAILED = "failed"

    source = models.CharField(max_length=300)
    state = models.CharField(max_length=16, choices=State, default=State.RUNNING)
    checkpoint = models.BigIntegerField(null=True)
    tallies = models.JSONField(default=dict)
    report = models.JSONField(default=dict)
    # {"messages": [first, last], "pending_responses": …}: old keys between these are kept here.
    kept_keys = models.JSONField(default=dict)
    # {old pattern: ours}: a rule that people renamed or removed here does not come back.
    patterns = models.JSONField(default=dict)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "legacy_migrations"
        ordering = ["-id"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.source} ({self.state})"
