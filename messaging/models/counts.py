"""What statistics are read from: kept by the database's triggers, in the transaction of the rows counted.

Time is counted in quarters: numbers of the 15 minutes since 1970 in UTC, of which the local days of every
time zone are made. `role_id` is 0 where a channel speaks, so that it can be part of a key.
"""

# ruff: noqa: DJ008  (no person meets these rows)

from django.db import models

from clients.models import TelegramUser


class MessageCount(models.Model):
    """What was said in one node of a tree of quarters: a bucket `n` holds 4n … 4n+3 of the level below."""

    pk = models.CompositePrimaryKey("level", "bucket", "role_id")
    level = models.SmallIntegerField()
    bucket = models.IntegerField()
    role_id = models.BigIntegerField()
    messages = models.BigIntegerField()
    # People, and chats, whose newest message of this role is here: from a moment on to now, each counts once.
    users = models.BigIntegerField()
    chats = models.BigIntegerField()

    class Meta:
        db_table = "message_counts"


class MessageCountChange(models.Model):
    """What a statement added to a quarter or took from it, not yet in the tree."""

    bucket = models.IntegerField()
    role_id = models.BigIntegerField()
    messages = models.BigIntegerField()
    users = models.BigIntegerField()
    chats = models.BigIntegerField()

    class Meta:
        db_table = "message_count_changes"


class AuthorActivity(models.Model):
    """How many messages a person wrote, and the quarter of the newest."""

    user = models.OneToOneField(
        TelegramUser, on_delete=models.CASCADE, primary_key=True, db_constraint=False, related_name="activity"
    )
    messages = models.BigIntegerField()
    newest = models.IntegerField()
    # What `newest` was before the last change: how a statement that moves it learns where from.
    previous = models.IntegerField(null=True)

    class Meta:
        db_table = "author_activity"


class ChatRoleActivity(models.Model):
    """The quarter of the newest message that people of one role wrote in a chat."""

    pk = models.CompositePrimaryKey("chat_id", "role_id")
    chat_id = models.BigIntegerField()
    role_id = models.BigIntegerField()
    newest = models.IntegerField()
    previous = models.IntegerField(null=True)

    class Meta:
        db_table = "chat_role_activity"
