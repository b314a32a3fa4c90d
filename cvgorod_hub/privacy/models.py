"""Who was erased: who asked, who did it, when, and how much it was. Never any of what was erased."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

LONGEST_REQUEST = 500


class Erasure(models.Model):
    """One request. The number stays: by it the hub knows which words must not come back."""

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        FINISHED = "finished", _("finished")

    person_id = models.BigIntegerField(_("Telegram id"))
    # Until when; what is said later is somebody's who has come anew.
    until = models.DateTimeField(_("what was said until"))
    request = models.CharField(
        _("the request"),
        max_length=LONGEST_REQUEST,
        help_text=_("How and when it came, for example “letter of 12 May”. Without names."),
    )
    actor_name = models.CharField(_("who"), max_length=150)
    actor_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("account"),
    )
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.RUNNING)
    # What the work goes by, and how far it is. Names are here only while it runs.
    names = ArrayField(models.TextField(), default=list, editable=False)
    chats = ArrayField(models.BigIntegerField(), default=list, editable=False)
    steps_done = ArrayField(models.CharField(max_length=32), default=list, editable=False)
    # The last key that is done of the step under way, where the step does not see by its rows what is done.
    place = models.BigIntegerField(null=True, editable=False)
    counts = models.JSONField(_("how much"), default=dict)
    error = models.CharField(_("last error"), max_length=200, blank=True, default="")
    began_at = models.DateTimeField(_("began"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        db_table = "erasures"
        ordering = ["-id"]
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        permissions = [
            ("export_person", _("Can download everything about a person")),
            ("erase_person", _("Can erase a person")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["person_id"], condition=models.Q(state="running"), name="erasures_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return str(self.person_id)


class RetentionState(models.Model):  # noqa: DJ008  (no person meets these rows)
    """How far a sweep of retention.py has come, so that it never reads again what it has done."""

    name = models.CharField(max_length=32, primary_key=True)
    place = models.DateTimeField(null=True)
    # The newest import of history that it knows: another one may have brought something older.
    newest_import = models.BigIntegerField(default=0)

    class Meta:
        db_table = "retention_states"
