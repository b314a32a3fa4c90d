"""A run over chosen messages, and what is left of them."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Reclassification(models.Model):
    """One run: what was chosen, who classifies, how far it is.

    A message's row among the items goes away in the transaction that classified it, so whoever goes on after
    a crash does nothing twice and leaves nothing out.
    """

    class By(models.TextChoices):
        PATTERNS = "patterns", _("patterns")
        MODEL = "model", _("model")

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        CANCELLED = "cancelled", _("cancelled")

    by = models.CharField(_("classified by"), max_length=16, choices=By)
    chosen = models.CharField(_("what was chosen"), max_length=300, help_text=_("In words."))
    # Stands for the choice as a program reads it.
    key = models.CharField(max_length=64, editable=False)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.RUNNING)
    total = models.PositiveIntegerField(_("messages"), default=0)
    done = models.PositiveIntegerField(_("done"), default=0)
    kept = models.PositiveIntegerField(
        _("left to people's word"), default=0, help_text=_("Of these: what a person decided stays.")
    )
    actor_name = models.CharField(_("started by"), max_length=150)
    actor_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("account"),
    )
    cancelled_by = models.CharField(_("cancelled by"), max_length=150, blank=True, default="")
    created_at = models.DateTimeField(_("started"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        db_table = "reclassifications"
        ordering = ["-id"]
        verbose_name = _("reclassification")
        verbose_name_plural = _("reclassifications")
        constraints = [
            # Pressed twice, or by two people at once, the same is done once.
            models.UniqueConstraint(
                fields=["by", "key"],
                condition=models.Q(state="running"),
                name="reclassifications_once_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return self.chosen

    @property
    def percent(self) -> int:
        """How much of it is done, 0 to 100."""
        return 100 * self.done // self.total if self.total else 100


class ReclassificationItem(models.Model):  # noqa: DJ008  (no person meets these rows)
    """A message that a run has still to do."""

    run = models.ForeignKey(Reclassification, on_delete=models.CASCADE, related_name="items", db_index=False)
    # No reference: a message that is gone by then is simply not there.
    message_id = models.BigIntegerField()

    class Meta:
        db_table = "reclassification_items"
        constraints = [
            models.UniqueConstraint(fields=["run", "message_id"], name="reclassification_items_once")
        ]
