"""What a pattern's change would do to the newest messages, before it is saved. Nothing is stored."""

import time
from collections import Counter
from dataclasses import dataclass, replace

from intents.classification import role_of, words_of
from intents.models import MessagePattern
from intents.patterns.classifier import Classifier, Verdict, verdict_on
from intents.patterns.rulebook import rule_of, rules_in_use
from messaging.models import Message

NEWEST_MESSAGES = 1000
# A manager waits for this page; what was read by then is said.
MOST_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Changed:
    """A message and the patterns' verdict on it without and with the change."""

    message: Message
    before: Verdict
    after: Verdict

    @property
    def has_other_intent(self) -> bool:
        return self.before.intent != self.after.intent


@dataclass(frozen=True, slots=True)
class Preview:
    """`read` of `there` messages were compared, fewer when the time ran out; of `heard` the rule speaks."""

    there: int
    read: int
    heard: int
    changed: list[Changed]

    @property
    def moves(self) -> list[tuple[tuple[str, str], int]]:
        """(intent before, intent after) and how many, most first."""
        return Counter(
            (one.before.intent, one.after.intent) for one in self.changed if one.has_other_intent
        ).most_common()

    @property
    def newly_urgent(self) -> int:
        return sum(one.after.is_urgent and not one.before.is_urgent for one in self.changed)

    @property
    def no_longer_urgent(self) -> int:
        return sum(one.before.is_urgent and not one.after.is_urgent for one in self.changed)

    @property
    def other_moods(self) -> int:
        return sum(one.before.sentiment != one.after.sentiment for one in self.changed)


def preview(pattern: MessagePattern, *, seconds: float = MOST_SECONDS) -> Preview:
    """Compare the patterns in use with those after saving `pattern`, which must be valid and may be new.

    Two queries, and the newest messages first, until all are read or the time for reading them is over.
    """
    messages = _newest()
    rules = rules_in_use()
    # A new pattern has no key yet; no stored one has 0.
    own = replace(rule_of(pattern), id=pattern.pk or 0)
    others = [rule for rule in rules if rule.id != own.id]
    before = Classifier(rules)
    after = Classifier([*others, own] if pattern.auto_classify else others)
    ends_at = time.monotonic() + seconds
    changed: list[Changed] = []
    read = heard = 0
    for message in messages:
        if time.monotonic() > ends_at:
            break
        text, role = words_of(message), role_of(message)
        voices = after.explain(text, role)
        read += 1
        heard += any(voice.rule.id == own.id for voice in voices)
        now, then = before.classify(text, role), verdict_on(voices)
        if _differs(now, then):
            changed.append(Changed(message, now, then))
    return Preview(len(messages), read, heard, changed)


def _newest() -> list[Message]:
    return list(
        Message.objects.exclude(message_type=Message.Type.SERVICE)
        .exclude(text="", transcript="")
        .select_related("user__role", "chat", "analysis")
        .defer("search_vector")
        .order_by("-timestamp", "-id")[:NEWEST_MESSAGES]
    )


def _differs(now: Verdict, then: Verdict) -> bool:
    return (now.intent, now.is_urgent, now.sentiment) != (then.intent, then.is_urgent, then.sentiment)
