"""What an endpoint can ask to hear of."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Event(models.TextChoices):
    """The values are the contract: `type` of each delivery. A name, once given, stays."""

    DRAFT_DECIDED = "draft.decided", _("a reply was approved, rejected, cancelled or has expired")
    DRAFT_SENT = "draft.sent", _("a reply was sent")
    DRAFT_FAILED = "draft.failed", _("a reply could not be sent")
    DRAFT_UNKNOWN = "draft.unknown", _("it is not known whether a reply was sent")
    MESSAGE_NEW = "message.new", _("messages came, were edited or transcribed")


# Made by hand in the admin; nobody subscribes to it.
PING = "hub.ping"
EVENT_LABELS = {**dict(Event.choices), PING: _("a test")}
