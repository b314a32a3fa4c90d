"""Whether some bot of ours could see a chat at a time.

What is kept of it: the times in which a bot did not collect (`collection_gaps`), what Telegram said of its
comings and goings (raw updates, for as long as they are kept), and its rights as they are now.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bots.models import BotMembership, CollectionGap, RawUpdate, TelegramBot
from bots.parsing import UnreadableUpdateError, parse_update
from bots.report.period import Period
from messaging.models import Chat

LONG_AGO = datetime.min.replace(tzinfo=UTC)
FAR_AHEAD = datetime.max.replace(tzinfo=UTC)
# With these rights privacy mode does not matter.
SEES_ALL = (BotMembership.Status.ADMINISTRATOR, BotMembership.Status.CREATOR)
Span = tuple[datetime, datetime]


@dataclass(kw_only=True)
class Watch:
    """Who watched what. `blind`: bots with privacy mode on. Administrators
    and members of a channel see everything all the same."""

    bots: set[int]
    blind: set[int]
    bots_of_chat: dict[int, set[int]]
    administrators: set[tuple[int, int]]
    channels: set[int]
    losses: dict[int, list[Span]] = field(default_factory=dict)
    absences: dict[tuple[int, int], list[Span]] = field(default_factory=dict)

    @classmethod
    def of(cls, period: Period, bots_of_chat: Mapping[int, set[int]]) -> "Watch":
        privacy = dict(TelegramBot.objects.values_list("pk", "can_read_all_group_messages"))
        members: dict[int, set[int]] = {chat_id: set(bots) for chat_id, bots in bots_of_chat.items()}
        known = BotMembership.objects.exclude(status="")
        for bot_id, chat_id in known.values_list("bot_id", "chat_id"):
            members.setdefault(chat_id, set()).add(bot_id)
        administrators = set(known.filter(status__in=SEES_ALL).values_list("bot_id", "chat_id"))
        watch = cls(
            bots=set(privacy),
            blind={bot_id for bot_id, sees_all in privacy.items() if not sees_all},
            bots_of_chat=members,
            administrators=administrators,
            absences={
                (bot_id, chat_id): [(since or LONG_AGO, FAR_AHEAD)]
                for bot_id, chat_id, since in known.filter(status__in=BotMembership.GONE).values_list(
                    "bot_id", "chat_id", "changed_at"
                )
            },
            channels=set(Chat.objects.filter(chat_type=Chat.Type.CHANNEL).values_list("pk", flat=True)),
        )
        for gap in CollectionGap.objects.filter(has_losses=True, ended_at__gte=period.since):
            watch.losses.setdefault(gap.bot_id, []).append((gap.began_at, gap.lost_until))
        watch.note_absences()
        return watch

    def saw(self, chat_id: int, start: datetime, end: datetime) -> bool:
        """Whether at least one bot watched the chat all that time."""
        bots = self.bots_of_chat.get(chat_id) or self.bots
        return any(self._saw(bot_id, chat_id, start, end) for bot_id in bots)

    def _saw(self, bot_id: int, chat_id: int, start: datetime, end: datetime) -> bool:
        if self._is_blind(bot_id, chat_id):
            return False
        spans = [*self.losses.get(bot_id, ()), *self.absences.get((bot_id, chat_id), ())]
        return not any(began < end and start < ended for began, ended in spans)

    def _is_blind(self, bot_id: int, chat_id: int) -> bool:
        sees_all = chat_id in self.channels or (bot_id, chat_id) in self.administrators
        return bot_id in self.blind and not sees_all

    def note_absences(self) -> None:
        """When a bot was not in a chat, by what Telegram said of it and is still kept."""
        changes = RawUpdate.objects.filter(kind="my_chat_member", parse_state=RawUpdate.State.PARSED)
        left_at: dict[tuple[int, int], datetime] = {}
        for row in changes.order_by("id").iterator(chunk_size=500):
            decoded = row.decoded()
            try:
                membership = parse_update(decoded, arrival=row.pk).membership
            except UnreadableUpdateError:
                continue
            if membership is None:
                continue
            key = (row.bot_id, membership.chat.id)
            if not membership.is_member:
                left_at.setdefault(key, membership.at)
            elif key in left_at or _was_gone(decoded):
                span = (left_at.pop(key, LONG_AGO), membership.at)
                self.absences.setdefault(key, []).append(span)
        for key, moment in left_at.items():
            self.absences.setdefault(key, []).append((moment, FAR_AHEAD))


def _was_gone(update: object) -> bool:
    """Whether the bot was not in the chat before, as the change itself says."""
    change = update.get("my_chat_member") if isinstance(update, dict) else None
    before = change.get("old_chat_member") if isinstance(change, dict) else None
    return isinstance(before, dict) and before.get("status") in BotMembership.GONE
