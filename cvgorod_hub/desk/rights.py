"""Who may see which part of the desk: whoever may open the rows behind it."""

from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.models import User as Account

User = Account | AnonymousUser


def may_see_waiting(user: User) -> bool:
    """Who waits, with what was said last."""
    return user.has_perms(("messaging.view_chat", "messaging.view_message"))


def may_see_drafts(user: User) -> bool:
    return user.has_perm("sandbox.view_pendingresponse")


def may_see_meanings(user: User) -> bool:
    return user.has_perm("intents.view_messageanalysis")


def may_see_urgent(user: User) -> bool:
    """What is urgent, with its words."""
    return may_see_waiting(user) and may_see_meanings(user)


def may_see_messages(user: User) -> bool:
    return user.has_perm("messaging.view_message")


def may_see_replies(user: User) -> bool:
    """First replies name people, and lead to what they wrote."""
    return may_see_waiting(user) and user.has_perm("clients.view_telegramuser")
