"""Telegram's service messages in people's words (Bot API, Message)."""

from typing import Any

from django.utils.translation import gettext_lazy as _

EVENT_LABELS = {
    "new_chat_members": _("somebody joined"),
    "left_chat_member": _("somebody left"),
    "new_chat_title": _("the chat was renamed"),
    "new_chat_photo": _("the chat has a new picture"),
    "delete_chat_photo": _("the chat's picture was removed"),
    "group_chat_created": _("the group was created"),
    "supergroup_chat_created": _("the group was created"),
    "channel_chat_created": _("the channel was created"),
    "migrate_to_chat_id": _("the group became a supergroup"),
    "migrate_from_chat_id": _("the group became a supergroup"),
    "message_auto_delete_timer_changed": _("messages will now be deleted after another time"),
    "chat_owner_left": _("the chat's owner left"),
    "chat_owner_changed": _("the chat has a new owner"),
    "pinned_message": _("a message was pinned"),
    "forum_topic_created": _("a topic was opened"),
    "forum_topic_edited": _("a topic was changed"),
    "forum_topic_closed": _("a topic was closed"),
    "forum_topic_reopened": _("a topic was opened again"),
    "general_forum_topic_hidden": _("the common topic was hidden"),
    "general_forum_topic_unhidden": _("the common topic is shown again"),
    "video_chat_scheduled": _("a video chat was announced"),
    "video_chat_started": _("a video chat began"),
    "video_chat_ended": _("a video chat ended"),
    "video_chat_participants_invited": _("people were invited to the video chat"),
    "users_shared": _("people were shared with the bot"),
    "chat_shared": _("a chat was shared with the bot"),
    "write_access_allowed": _("the bot was allowed to write"),
    "proximity_alert_triggered": _("somebody came near"),
    "boost_added": _("the chat was boosted"),
    "chat_background_set": _("the chat has a new background"),
    "giveaway_created": _("a giveaway was announced"),
    "giveaway": _("a giveaway"),
    "giveaway_winners": _("the winners of a giveaway"),
    "giveaway_completed": _("a giveaway ended"),
    "successful_payment": _("a payment"),
    "refunded_payment": _("a payment was returned"),
    "passport_data": _("documents were handed over"),
    "connected_website": _("somebody signed in on a site"),
    "gift": _("a gift"),
    "unique_gift": _("a gift"),
    "gift_upgrade_sent": _("a gift was improved"),
    "paid_message_price_changed": _("the price of a message was changed"),
    "direct_message_price_changed": _("the price of a message was changed"),
    "checklist_tasks_done": _("tasks were ticked off"),
    "checklist_tasks_added": _("tasks were added"),
    "poll_option_added": _("an answer was added to a poll"),
    "poll_option_deleted": _("an answer was removed from a poll"),
    "suggested_post_approved": _("a suggested post was accepted"),
    "suggested_post_approval_failed": _("a suggested post could not be accepted"),
    "suggested_post_declined": _("a suggested post was declined"),
    "suggested_post_paid": _("a suggested post was paid"),
    "suggested_post_refunded": _("the payment for a suggested post was returned"),
    "managed_bot_created": _("a bot was created"),
    "web_app_data": _("a form was sent"),
    "community_chat_added": _("the chat became part of a community"),
    "community_chat_removed": _("the chat left its community"),
    "community_chat_joined": _("somebody joined from the community"),
}
# Of the facts that an event keeps, those that are names.
_NAMES = ("value", "title", "name", "text")
# An id says nothing to people.
_SILENT = frozenset({"migrate_to_chat_id", "migrate_from_chat_id"})


def describe_event(media: Any) -> str:  # noqa: ANN401  (any JSON)
    """What happened, and to whom: «somebody joined: Тест Ромашкина»; empty where it is no known event."""
    event = media.get("event") if isinstance(media, dict) else None
    label = EVENT_LABELS.get(event) if isinstance(event, str) else None
    if label is None:
        return ""
    details = [] if event in _SILENT else _details(media)
    return f"{label}: {', '.join(details)}" if details else str(label)


def _details(media: dict[str, Any]) -> list[str]:
    members = media.get("members")
    people = [person.get("name") for person in members] if isinstance(members, list) else []
    details = people or [media.get(name) for name in _NAMES]
    return [detail for detail in details if isinstance(detail, str) and detail]
