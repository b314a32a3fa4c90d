"""Secrets out of texts before anything logs, stores or shows them.

aiohttp and requests put the whole URL into their exceptions, and Telegram's URLs hold the bot's token.
"""

import logging
import re

_PATTERNS = (
    # A bot's token, alone or in a path: 123456:AA…
    (re.compile(r"(?:bot)?\b\d{3,}:[A-Za-z0-9_-]{20,}"), "[token]"),
    (re.compile(r"\bbot\d+:[^\s/'\"]+"), "[token]"),
    # The password of a database or broker URL.
    (re.compile(r"(://[^\s:/@]*):[^\s@/]+@"), r"\1:[password]@"),
    # A key behind the name of its header.
    (
        re.compile(
            r"(?i)\b(authorization|x-api-key|api-key|bearer|[\w-]*secret[_-]token)\b(['\"]?\s*[:= ]\s*['\"]?)"
            r"(?:api-key |bearer )?[^\s'\",]+"
        ),
        r"\1\2[key]",
    ),
    # Keys of this hub and of DeepSeek, and what signs webhooks.
    (re.compile(r"\b(?:cvh_|sk-)[A-Za-z0-9_-]{8,}"), "[key]"),
    (re.compile(r"\bwhsec_[A-Za-z0-9+/]{8,}=*"), "[key]"),
)


def redact(text: str) -> str:
    """The text with tokens, keys and passwords replaced by a word that says what stood there."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


class RedactingFormatter(logging.Formatter):
    """Formats a record, stack included, and redacts the result."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))
