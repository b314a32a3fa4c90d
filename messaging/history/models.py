"""What was imported, when and from what file."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class HistoryImport(models.Model):
    """One chat of one export, taken in one run. Each batch moves the counts in its own transaction."""

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        FINISHED = "finished", _("finished")
        STOPPED = "stopped", _("stopped before the end")
        FAILED = "failed", _("the file could not be read to its end")

    file_name = models.CharField(_("file"), max_length=255)
    sha256 = models.CharField(
        _("SHA-256"),
        max_length=64,
        blank=True,
        default="",
        help_text=_("Empty until the file was read to its end."),
    )
    export_chat_id = models.BigIntegerField(_("id in the export"))
    export_type = models.CharField(_("type in the export"), max_length=40)
    export_name = models.CharField(_("name in the export"), max_length=256, blank=True, default="")
    chat = models.ForeignKey(
        "messaging.Chat", on_delete=models.PROTECT, related_name="history_imports", verbose_name=_("chat")
    )
    messages = models.PositiveBigIntegerField(_("messages"), default=0)
    added = models.PositiveBigIntegerField(_("added"), default=0)
    present = models.PositiveBigIntegerField(_("already there"), default=0)
    skipped = models.PositiveBigIntegerField(_("left out"), default=0)
    people_added = models.PositiveBigIntegerField(_("new people"), default=0)
    first_at = models.DateTimeField(_("first message"), null=True)
    last_at = models.DateTimeField(_("last message"), null=True)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.RUNNING)
    note = models.TextField(_("note"), blank=True, default="")
    started_at = models.DateTimeField(_("started"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        db_table = "history_imports"
        ordering = ["-id"]
        verbose_name = _("import of history")
        verbose_name_plural = _("imports of history")

    def __str__(self) -> str:
        return f"{self.export_name or self.export_chat_id} ({self.file_name})"
