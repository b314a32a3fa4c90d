"""What may be sent as one message."""

import re
import unicodedata

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sandbox.errors import InvalidTextError

# Telegram's limit for one text, counted in Unicode code points (Bot API, sendMessage).
MAX_TEXT_LENGTH = 4096
# Unicode's categories of spaces, controls and zero-width characters. One of an emoji stands beside others.
INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
_SURROGATE = re.compile("[\ud800-\udfff]")
# Of the reason for a rejection: a few sentences, for the agent.
MAX_REASON_LENGTH = 500


def trimmed(text: str) -> str:
    """Line ends as LF, no blank edges: what counts of a text."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def clean_text(text: str) -> str:
    """The text as it will be sent, trimmed; raises InvalidTextError."""
    text = trimmed(text)
    # Telegram, too, takes a text that nobody can see for none.
    if all(unicodedata.category(character) in INVISIBLE for character in text):
        raise InvalidTextError(_("The text is empty."))
    if "\x00" in text:
        raise InvalidTextError(_("The text holds a NUL character."))
    if _SURROGATE.search(text) is not None:
        raise InvalidTextError(_("The text holds half of a character (a lone surrogate)."))
    if (excess := len(text) - MAX_TEXT_LENGTH) > 0:
        raise InvalidTextError(
            ngettext(
                "The text is %(excess)d character longer than the %(limit)d that Telegram takes.",
                "The text is %(excess)d characters longer than the %(limit)d that Telegram takes.",
                excess,
            )
            % {"excess": excess, "limit": MAX_TEXT_LENGTH}
        )
    return text
