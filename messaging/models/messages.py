"""Messages, as Telegram told them: each in its last state, its earlier ones, and what was deleted."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import MD5
from django.utils.translation import gettext_lazy as _

from clients.models import TelegramUser
from messaging.events import describe_event
from messaging.models.chats import Chat
from messaging.querysets import MessageQuerySet
from messaging.search.tokens import MessageWords


class RussianSearchVector(models.Func):
    """What the first migration made vectors of; MessageWords took its place."""

    template = (
        "to_tsvector('russian'::regconfig, "
        "translate(coalesce(text, '') || ' ' || coalesce(transcript, ''), 'ёЁ', 'еЕ'))"
    )
    output_field = SearchVectorField()


class Message(models.Model):
    """One message. `text` is its text or caption; `telegram_message_id` counts within its chat.

    Telegram gives some messages the id 0; those keep no id here and are known by `origin` alone.
    """

    class Type(models.TextChoices):
        TEXT = "text", _("text")
        PHOTO = "photo", _("photo")
        VIDEO = "video", _("video")
        VIDEO_NOTE = "video_note", _("video note")
        VOICE = "voice", _("voice")
        AUDIO = "audio", _("audio")
        DOCUMENT = "document", _("document")
        STICKER = "sticker", _("sticker")
        ANIMATION = "animation", _("animation")
        LOCATION = "location", _("location")
        VENUE = "venue", _("venue")
        CONTACT = "contact", _("contact")
        POLL = "poll", _("poll")
        DICE = "dice", _("dice")
        CHECKLIST = "checklist", _("checklist")
        STORY = "story", _("story")
        PAID_MEDIA = "paid_media", _("paid media")
        GAME = "game", _("game")
        INVOICE = "invoice", _("invoice")
        SERVICE = "service", _("service message")
        UNKNOWN = "unknown", _("of an unknown kind")

    class Source(models.TextChoices):
        TELEGRAM = "telegram", _("received from Telegram")
        SENT = "sent", _("sent by the hub")
        IMPORT = "import", _("imported")

    class TranscriptState(models.TextChoices):
        NONE = "", _("nothing to transcribe")
        WAITING = "waiting", _("waiting")
        DOWNLOADING = "downloading", _("downloading")
        RECOGNISING = "recognising", _("recognising")
        DONE = "done", _("done")
        EMPTY = "empty", _("no words in it")
        FAILED = "failed", _("failed")
        TOO_BIG = "too_big", _("too big")
        OFF = "off", _("recognition is off")

    class ErasedFor(models.TextChoices):
        NOTHING = "", _("not erased")
        REQUEST = "request", _("Message erased at its author's request")
        AGE = "age", _("Message erased because of its age")

    chat = models.ForeignKey(
        Chat,
        on_delete=models.PROTECT,
        related_name="messages",
        verbose_name=_("chat"),
        db_index=False,  # the composite indexes below begin with it
    )
    telegram_message_id = models.BigIntegerField(_("message id"), null=True)
    # Part of the key: Telegram numbers a supergroup's or a channel's messages once for everybody (0 here),
    # those of private chats and basic groups for each bot anew (the bot's id).
    numbered_by = models.BigIntegerField(default=0, db_default=0, editable=False)
    business_connection_id = models.CharField(
        _("business connection"), max_length=128, blank=True, default=""
    )
    user = models.ForeignKey(
        TelegramUser,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="messages",
        verbose_name=_("author"),
        help_text=_("Empty where a channel or an anonymous administrator speaks."),
    )
    sender_chat_id = models.BigIntegerField(_("speaking as chat"), null=True)
    text = models.TextField(_("text"), blank=True, default="")
    message_type = models.CharField(_("type"), max_length=16, choices=Type, default=Type.TEXT)
    reply_to_message_id = models.BigIntegerField(_("reply to message id"), null=True)
    message_thread_id = models.BigIntegerField(_("topic"), null=True)
    media_group_id = models.CharField(_("album"), max_length=64, blank=True, default="")
    forwarded_from = models.CharField(_("forwarded from"), max_length=256, blank=True, default="")
    media = models.JSONField(
        _("media"),
        default=dict,
        blank=True,
        help_text=_("What Telegram said about the file or the service event."),
    )
    transcript_state = models.CharField(
        _("transcript state"), max_length=16, choices=TranscriptState, blank=True, default=""
    )
    transcript = models.TextField(_("transcript"), blank=True, default="")
    timestamp = models.DateTimeField(_("time"))
    edited_at = models.DateTimeField(_("edited"), null=True)
    deleted_at = models.DateTimeField(
        _("deleted"), null=True, help_text=_("Telegram tells of deletions in business chats only.")
    )
    # A row that keeps its place, its author's number and nothing that was said (messaging/erasing.py).
    erased_at = models.DateTimeField(_("words erased"), null=True, editable=False)
    erased_for = models.CharField(
        _("words erased because"),
        max_length=8,
        choices=ErasedFor,
        blank=True,
        default="",
        db_default="",
        editable=False,
    )
    # The newest state seen, visible or not: an older one that is read later must not win. Within one
    # second the later arrival counts (the raw update's key).
    state_at = models.DateTimeField(null=True, editable=False)
    state_arrival = models.BigIntegerField(default=0, db_default=0, editable=False)
    source = models.CharField(_("source"), max_length=16, choices=Source, default=Source.TELEGRAM)
    origin = models.CharField(
        max_length=64, null=True, unique=True, help_text=_("The update of a message without an id.")
    )
    created_at = models.DateTimeField(_("stored"), auto_now_add=True)
    # The transaction that last changed what a reader sees; a trigger keeps it (migration 0002).
    changed_xid = models.BigIntegerField(editable=False, default=0)
    # The one that last changed its words, where `changed_xid` is of a later correction of their meaning: that
    # is news to whoever follows the feed, and makes no draft stale.
    said_xid = models.BigIntegerField(editable=False, null=True)
    search_vector = models.GeneratedField(
        expression=MessageWords(), output_field=SearchVectorField(), db_persist=True
    )

    objects = MessageQuerySet.as_manager()

    class Meta:
        db_table = "messages"
        ordering = ["-timestamp", "-id"]
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(
                fields=["chat", "telegram_message_id", "business_connection_id", "numbered_by"],
                name="messages_chat_message_id",
            ),
            models.CheckConstraint(
                condition=models.Q(telegram_message_id__isnull=False) | models.Q(origin__isnull=False),
                name="messages_have_a_key",
            ),
        ]
        indexes = [
            models.Index(fields=["timestamp", "id"], name="messages_timestamp"),
            models.Index(fields=["chat", "timestamp", "id"], name="messages_chat_timestamp"),
            models.Index(fields=["user", "timestamp", "id"], name="messages_user_timestamp"),
            # Without imported history: it is no news, and a feed or a draft must not wade through it.
            models.Index(
                fields=["changed_xid", "id"], name="messages_changed", condition=~models.Q(source="import")
            ),
            models.Index(
                fields=["chat", "changed_xid"],
                name="messages_chat_changed",
                condition=~models.Q(source="import"),
            ),
            models.Index(
                fields=["chat", "reply_to_message_id"],
                name="messages_reply_to",
                condition=models.Q(reply_to_message_id__isnull=False),
            ),
            GinIndex("search_vector", name="messages_search", fastupdate=False),
            # What few messages are: a list of these must not read all the others on its way.
            models.Index(
                fields=["message_type", "timestamp", "id"],
                name="messages_rare_types",
                condition=~models.Q(message_type="text"),
            ),
            models.Index(
                fields=["source", "timestamp", "id"],
                name="messages_rare_sources",
                condition=~models.Q(source="telegram"),
            ),
        ]

    def __str__(self) -> str:
        return self.excerpt

    @property
    def excerpt(self) -> str:
        """The first 80 characters of what was said, or what kind of message it is."""
        words = self.text or self.transcript
        return words[:80] if words else f"[{self.event_label}]"

    @property
    def event_label(self) -> str:
        """What a service message says happened; for other messages their kind, or why they say nothing."""
        if self.erased_at is not None:
            return str(self.get_erased_for_display())
        return describe_event(self.media) or str(self.get_message_type_display())

    @property
    def is_file_elsewhere(self) -> bool:
        """A picture, a film, a document: Telegram has it, the hub knows only what it is."""
        return self.message_type in _FILES


_FILES = frozenset(
    {
        Message.Type.PHOTO,
        Message.Type.VIDEO,
        Message.Type.DOCUMENT,
        Message.Type.ANIMATION,
        Message.Type.PAID_MEDIA,
        Message.Type.STORY,
    }
)


class MessageDeletion(models.Model):
    """A message was deleted in Telegram; it may not be here yet, so this stands on its own."""

    chat_id = models.BigIntegerField(_("chat"))
    business_connection_id = models.CharField(_("business connection"), max_length=128)
    telegram_message_id = models.BigIntegerField(_("message id"))
    deleted_at = models.DateTimeField(_("deleted"))

    class Meta:
        db_table = "message_deletions"
        ordering = ["-deleted_at", "-id"]
        verbose_name = _("deletion")
        verbose_name_plural = _("deletions")
        constraints = [
            models.UniqueConstraint(
                fields=["chat_id", "telegram_message_id", "business_connection_id"],
                name="message_deletions_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.chat_id}/{self.telegram_message_id}"


class MessageVersion(models.Model):
    """What a message said before an edit."""

    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="versions", verbose_name=_("message")
    )
    text = models.TextField(_("text"), blank=True, default="")
    media = models.JSONField(_("media"), default=dict, blank=True)
    valid_from = models.DateTimeField(_("said"))
    # The last time that it was seen saying so; an edit may change nothing that people see.
    seen_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        db_table = "message_versions"
        ordering = ["valid_from", "id"]
        verbose_name = _("earlier version")
        verbose_name_plural = _("earlier versions")
        constraints = [
            models.UniqueConstraint("message", "valid_from", MD5("text"), name="message_versions_once"),
        ]

    def __str__(self) -> str:
        return self.text[:80]
