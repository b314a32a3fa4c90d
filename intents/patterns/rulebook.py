"""The classifier of the patterns in the database, kept in the process and renewed when they change."""

import logging
import time
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from django.core.exceptions import ValidationError
from django.db.models import Count, Max

from intents.models import MessagePattern
from intents.patterns.classifier import Classifier, Rule
from intents.patterns.phrases import PhraseError, parse
from intents.patterns.regexes import RegexError, compile_safely

logger = logging.getLogger(__name__)

# A pattern changed in the admin speaks in every process after at most so many seconds.
LOOK_EVERY_SECONDS = 3.0

Stamp = tuple[int, datetime | None]


@dataclass(slots=True)
class _Kept:
    classifier: Classifier
    stamp: Stamp
    looked_at: float


_kept: _Kept | None = None
_lock = Lock()


def load_classifier() -> Classifier:
    """The classifier of all patterns in use.

    No query within LOOK_EVERY_SECONDS of the last look, else one, and a second when something changed.
    """
    global _kept  # one per process, guarded by the lock
    with _lock:
        now = time.monotonic()
        if _kept is not None and now - _kept.looked_at < LOOK_EVERY_SECONDS:
            return _kept.classifier
        stamp = _stamp()
        if _kept is None or _kept.stamp != stamp:
            _kept = _Kept(Classifier(rules_in_use()), stamp, now)
        _kept.looked_at = now
        return _kept.classifier


def forget_classifier() -> None:
    """Look at the database again next time: after saving a pattern, between tests."""
    global _kept
    with _lock:
        _kept = None


def _stamp() -> Stamp:
    seen = MessagePattern.objects.aggregate(count=Count("id"), latest=Max("updated_at"))
    return seen["count"], seen["latest"]


def rules_in_use() -> list[Rule]:
    """Every pattern that is switched on, as a rule."""
    patterns = MessagePattern.objects.filter(auto_classify=True).select_related("sender_role")
    rules = ((pattern, rule_of(pattern)) for pattern in patterns)
    return [rule for pattern, rule in rules if not _has_lost_its_condition(pattern, rule)]


def _has_lost_its_condition(pattern: MessagePattern, rule: Rule) -> bool:
    """Without all that it asked for, a rule would speak of every message."""
    asked = bool(pattern.keyword_patterns or pattern.regex_pattern)
    return asked and not rule.keywords and not rule.regex


def set_aside(pattern: MessagePattern) -> list[str]:
    """Why something of a stored pattern, written past the admin, is not used. Empty for a sound one."""
    try:
        pattern.clean()
    except ValidationError as error:
        return error.messages
    return []


def rule_of(pattern: MessagePattern) -> Rule:
    """The pattern as a rule. What cannot be read (written past the admin, by SQL) is left out and logged."""
    return Rule(
        id=pattern.pk,
        name=pattern.pattern_name,
        intent=pattern.pattern_type,
        keywords=tuple(text for text in pattern.keyword_patterns if _is_readable(pattern, text)),
        exceptions=tuple(text for text in pattern.except_patterns if _is_readable(pattern, text)),
        regex=pattern.regex_pattern if _is_safe(pattern) else "",
        sender_role=pattern.sender_role.role_name if pattern.sender_role else "",
        min_length=pattern.min_text_length,
        priority=pattern.priority,
        weight=pattern.weight,
        is_urgent=pattern.is_urgent,
        sentiment=pattern.sentiment,
    )


def _is_readable(pattern: MessagePattern, text: str) -> bool:
    try:
        parse(text)
    except PhraseError as error:
        logger.warning("phrase left out pattern=%s error=%s", pattern.pk, error)
        return False
    return True


def _is_safe(pattern: MessagePattern) -> bool:
    if not pattern.regex_pattern:
        return False
    try:
        compile_safely(pattern.regex_pattern)
    except RegexError as error:
        logger.warning("expression left out pattern=%s error=%s", pattern.pk, error)
        return False
    return True
