"""How long what is kept for people to look back at stays; docs/data.md has all such settings in one table."""

from django.core.exceptions import ImproperlyConfigured

from cvgorod_hub import environment
from cvgorod_hub.settings.telegram import RAW_UPDATES_KEEP_DAYS

# What webhooks were told, and could not be told, is kept so long (cvgorod_hub/api/hooks/retention.py).
_SHORTEST = 90
_LONGEST = 36_500

# Words of messages, and of replies that were never sent, are taken away when they are older; 0: never.
MESSAGES_KEEP_DAYS = environment.days("MESSAGES_KEEP_DAYS", default=0, most=_LONGEST)
if 0 < MESSAGES_KEEP_DAYS < _SHORTEST:
    raise ImproperlyConfigured(
        f"MESSAGES_KEEP_DAYS={MESSAGES_KEEP_DAYS} is too short: deliveries of webhooks hold the same words "
        f"for {_SHORTEST} days. Give at least that, or 0 to keep words for ever."
    )
if MESSAGES_KEEP_DAYS and not 0 < RAW_UPDATES_KEEP_DAYS <= MESSAGES_KEEP_DAYS:
    raise ImproperlyConfigured(
        f"RAW_UPDATES_KEEP_DAYS={RAW_UPDATES_KEEP_DAYS} keeps the words that MESSAGES_KEEP_DAYS="
        f"{MESSAGES_KEEP_DAYS} takes away. Make it as short, or shorter."
    )
# The admin's log of who changed what; 0: for ever.
ADMIN_LOG_KEEP_DAYS = environment.days("ADMIN_LOG_KEEP_DAYS", default=0, most=_LONGEST)
