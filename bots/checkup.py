"""Asks Telegram how our bot fares: rights, webhook, groups. The worker does so every two minutes."""

import logging

from django.conf import settings

from bots.calls import call
from bots.client import FAILURES, TokenRefusedError, translate
from bots.memberships import look_at_chats
from bots.methods import GetMe, GetWebhookInfo
from bots.watching import note_refused_token, note_webhook, register_bot
from cvgorod_hub.common.external import ExternalServiceError

logger = logging.getLogger(__name__)

CALL_SECONDS = 20


def check_bot() -> None:
    """Look once; what cannot be asked now is asked again at the next look."""
    try:
        bot_id = register_bot(call(GetMe(), deadline=CALL_SECONDS))
        note_webhook(bot_id, call(GetWebhookInfo(), deadline=CALL_SECONDS))
        look_at_chats(bot_id)
    except TokenRefusedError:
        note_refused_token(settings.TELEGRAM_BOT_TOKEN)
    except (ExternalServiceError, *FAILURES) as error:
        failure = error if isinstance(error, ExternalServiceError) else translate(error)
        if isinstance(failure, TokenRefusedError):
            note_refused_token(settings.TELEGRAM_BOT_TOKEN)
        logger.warning("bot cannot be checked error=%s", failure)
