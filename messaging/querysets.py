"""Reading chats and messages."""

from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from messaging.models import Chat, Message


class ChatQuerySet(models.QuerySet["Chat"]):
    pass


class MessageQuerySet(models.QuerySet["Message"]):
    pass
