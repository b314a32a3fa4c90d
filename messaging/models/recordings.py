"""What was spoken in messages: the sound's file, and how far its recognition has come."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from messaging.models.messages import Message


class Recording(models.Model):
    """The sound of one message: a voice message, a video note, an audio file.

    `state` says where it stands; the message's `transcript_state` repeats it for readers. A row is somebody's
    to work on while `due_at` is set and past; taking it moves `due_at` on by a lease (bots/voice/claims.py).
    """

    State = Message.TranscriptState

    class Container(models.TextChoices):
        OGG_OPUS = "ogg_opus", "OGG/Opus"
        OGG = "ogg", "OGG"
        MP3 = "mp3", "MP3"
        WAV = "wav", "WAV"
        MP4 = "mp4", "MP4"
        FLAC = "flac", "FLAC"
        AAC = "aac", "AAC"
        WEBM = "webm", "WebM"
        UNKNOWN = "unknown", _("unknown format")

    class Api(models.TextChoices):
        SHORT = "short", _("short, at once")
        LONG = "long", _("long, later")

    class WrittenBy(models.TextChoices):
        SPEECH = "speech", _("speech recognition")
        PERSON = "person", _("a person")

    class Problem(models.TextChoices):
        TOO_BIG = "too_big", _("Telegram gives bots no file over 20 MB.")
        NOT_THERE = "not_there", _("Telegram does not have this file any more, or not for this bot.")
        NOT_FETCHED = "not_fetched", _("For three days the file could not be fetched from Telegram.")
        DAMAGED = "damaged", _("What came from Telegram was not the whole file, several times.")
        NO_FFMPEG = "no_ffmpeg", _("This format needs ffmpeg, which is not installed on the hub's machine.")
        CONVERSION = "conversion", _("ffmpeg cannot read this file.")
        REFUSED = "refused", _("SpeechKit cannot recognise this file.")
        ANSWERS = "answers", _("SpeechKit's answers could not be read, several times.")
        UNFINISHED = "unfinished", _("SpeechKit has not finished within a day.")
        EXPIRED = "expired", _("SpeechKit keeps a result for three days, and nobody could fetch it in time.")
        UNREACHABLE = "unreachable", _("For three days SpeechKit could not be reached.")
        BROKEN = "broken", _("The hub itself failed with this file, several times; its log says more.")
        LOST = "lost", _("The file is not in the hub's storage any more.")

    message = models.OneToOneField(
        Message, on_delete=models.CASCADE, related_name="recording", verbose_name=_("message")
    )
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.WAITING)
    # Telegram's own facts. A file_id is good for the bot that was given it, file_unique_id names the file.
    bot_id = models.BigIntegerField(_("received by bot"))
    file_id = models.CharField(max_length=512)
    file_unique_id = models.CharField(max_length=128, blank=True, default="")
    told_mime_type = models.CharField(max_length=128, blank=True, default="")
    told_size = models.BigIntegerField(null=True)
    # What is stored. The name is the hub's own (messaging/recordings.py).
    file = models.FileField(_("file"), blank=True, default="", max_length=200)
    container = models.CharField(_("format"), max_length=16, choices=Container, blank=True, default="")
    size = models.BigIntegerField(_("size, bytes"), null=True)
    seconds = models.FloatField(_("length, seconds"), default=0)
    # Recognition. `request_id` is what we called the request, so that Yandex can find it.
    api = models.CharField(_("SpeechKit's API"), max_length=8, choices=Api, blank=True, default="")
    request_id = models.UUIDField(_("request"), null=True)
    operation_id = models.CharField(_("operation"), max_length=128, blank=True, default="")
    submitted_at = models.DateTimeField(_("submitted"), null=True)
    billed_seconds = models.IntegerField(_("seconds paid for"), default=0)
    # The work on it. Attempts are those of the present step; faults those that no neighbour is to blame for.
    due_at = models.DateTimeField(null=True, editable=False)
    queued_at = models.DateTimeField(_("queued"))
    attempts = models.IntegerField(_("attempts"), default=0)
    faults = models.IntegerField(default=0, editable=False)
    problem = models.CharField(_("problem"), max_length=16, choices=Problem, blank=True, default="")
    error = models.CharField(_("last error"), max_length=300, blank=True, default="")
    # Whose words the message's transcript are, and how often they have changed.
    written_by = models.CharField(_("transcript by"), max_length=8, choices=WrittenBy, blank=True, default="")
    writer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("written by"),
    )
    version = models.IntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("stored"), auto_now_add=True)
    downloaded_at = models.DateTimeField(_("downloaded"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    file_deleted_at = models.DateTimeField(_("file deleted"), null=True)

    class Meta:
        db_table = "recordings"
        ordering = ["-message_id"]
        verbose_name = _("recording")
        verbose_name_plural = _("recordings")
        indexes = [
            models.Index(
                fields=["-message"], name="recordings_due", condition=models.Q(due_at__isnull=False)
            ),
            models.Index(fields=["state", "-message"], name="recordings_state"),
            models.Index(fields=["file_unique_id"], name="recordings_unique_file"),
        ]

    def __str__(self) -> str:
        return f"{self.get_container_display() or _('sound')} {self.message_id}"

    @property
    def is_at_work(self) -> bool:
        """Whether the hub still does something about it by itself."""
        return self.state in (self.State.WAITING, self.State.DOWNLOADING, self.State.RECOGNISING)


class TranscriptVersion(models.Model):
    """What a transcript said before somebody changed it."""

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="versions")
    text = models.TextField(_("transcript"), blank=True, default="")
    written_by = models.CharField(_("transcript by"), max_length=8, choices=Recording.WrittenBy, blank=True)
    replaced_at = models.DateTimeField(_("replaced"), auto_now_add=True)

    class Meta:
        db_table = "transcript_versions"
        ordering = ["pk"]
        verbose_name = _("earlier transcript")
        verbose_name_plural = _("earlier transcripts")

    def __str__(self) -> str:
        return self.text[:80]
