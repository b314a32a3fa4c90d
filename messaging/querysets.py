"""Reading chats and messages."""

from django.db import models


class ChatQuerySet(models.QuerySet["Chat"]):
    pass


class MessageQuerySet(models.QuerySet["Message"]):
    pass
