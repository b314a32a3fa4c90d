"""Telegram's edge: our bots, every update as it came, and the approval cards in the review chat."""

from bots.models.bots import TelegramBot, webhook_path
from bots.models.cards import ApprovalCard, ButtonPress
from bots.models.reports import DailyReport
from bots.models.speech import SpeechUsage, VoiceGate
from bots.models.updates import RawUpdate
from bots.models.watching import RESTORED, UPDATES_KEPT_FOR, BotMembership, CollectionGap

__all__ = [
    "RESTORED",
    "UPDATES_KEPT_FOR",
    "ApprovalCard",
    "BotMembership",
    "ButtonPress",
    "CollectionGap",
    "DailyReport",
    "RawUpdate",
    "SpeechUsage",
    "TelegramBot",
    "VoiceGate",
    "webhook_path",
]
