"""Telegram's service messages in people's words (Bot API, Message)."""

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
    "pinned_message": _("a message was pinned"),
    "forum_topic_created": _("a topic was opened"),
    "forum_topic_closed": _("a topic was closed"),
    "video_chat_started": _("a video chat began"),
    "video_chat_ended": _("a video chat ended"),
}
