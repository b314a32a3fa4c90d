"""The old hub's rules for the classifier: each content once, and nothing that stands here is changed.

Which of ours an old rule became is remembered, so that one that people renamed, rewrote or removed here does
not come back with the next run.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from django.core.exceptions import ValidationError

from clients.models import UserRole
from cvgorod_hub.old_hub.connecting import OldDatabase
from cvgorod_hub.old_hub.shape import Shape
from cvgorod_hub.old_hub.tally import Tally
from intents.labels import Intent
from intents.models import MessagePattern

_LONGEST_NAME, _LONGEST_PHRASE = 100, 200
_SUFFIX = " (old hub)"
_SMALLEST, _LARGEST = -(1 << 31), (1 << 31) - 1
# What two rules of the same content share: intent, words, expression, sender, length.
Content = tuple[str, frozenset[str], str, int | None, int]


@dataclass(frozen=True, kw_only=True)
class OldPattern:
    key: int
    name: str
    intent: str
    phrases: list[str]
    regex: str
    role: UserRole | None
    min_length: int
    in_use: bool
    priority: int
    description: str

    @property
    def content(self) -> Content:
        role = self.role.pk if self.role else None
        return (self.intent, frozenset(self.phrases), self.regex, role, self.min_length)


def bring_patterns(
    old: OldDatabase,
    shape: Shape,
    tally: Tally,
    *,
    role_names: Mapping[int, str],
    known: Mapping[str, int],
    is_dry_run: bool,
) -> dict[str, tuple[int, str]]:
    """Returns what the old patterns became, by their keys (as texts, for JSON): ours, and the old intent.

    `known` is which of ours they became in an earlier run. Ours is 0 in a dry run.
    """
    became: dict[str, tuple[int, str]] = {}
    contents = {_content(pattern): pattern.pk for pattern in MessagePattern.objects.all()}
    names = set(MessagePattern.objects.values_list("pattern_name", flat=True))
    there = set(contents.values())
    for pattern in _read(old, shape, role_names, tally):
        key = str(pattern.key)
        if key in known:
            became[key] = (known[key], pattern.intent)
            if known[key] in there:
                tally.add("merged", "is here already")
            else:
                tally.add("skipped", "was removed here", keys=[key])
            continue
        if pattern.content in contents:
            became[key] = (contents[pattern.content], pattern.intent)
            tally.add("merged", "the same content is here", keys=[key])
            continue
        tally.add("copied")
        ours = _ours(pattern, names)
        if set_aside := _why_set_aside(ours):
            tally.note(f"switched off, for this hub's classifier cannot use it: {set_aside}", keys=[key])
            ours.auto_classify = False
        if not is_dry_run:
            ours.save()
        names.add(ours.pattern_name)
        contents[pattern.content] = ours.pk or 0
        became[key] = (ours.pk or 0, pattern.intent)
    return became


def _content(pattern: MessagePattern) -> Content:
    return (
        pattern.pattern_type,
        frozenset(pattern.keyword_patterns),
        pattern.regex_pattern,
        pattern.sender_role_id,
        pattern.min_text_length,
    )


def _ours(pattern: OldPattern, names: set[str]) -> MessagePattern:
    """A new one; where another of this hub's has its name, it says whose it is."""
    name = pattern.name
    if name in names:
        name = f"{pattern.name[: _LONGEST_NAME - len(_SUFFIX)]}{_SUFFIX}"
    if name in names:
        mark = f"{_SUFFIX[:-1]}, {pattern.key})"
        name = f"{pattern.name[: _LONGEST_NAME - len(mark)]}{mark}"
    return MessagePattern(
        pattern_name=name,
        pattern_type=pattern.intent,
        keyword_patterns=pattern.phrases,
        regex_pattern=pattern.regex,
        sender_role=pattern.role,
        min_text_length=pattern.min_length,
        auto_classify=pattern.in_use,
        priority=pattern.priority,
        description=pattern.description,
    )


def _why_set_aside(pattern: MessagePattern) -> str:
    try:
        pattern.clean()
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


def _read(old: OldDatabase, shape: Shape, role_names: Mapping[int, str], tally: Tally) -> list[OldPattern]:
    """Those that can be one of ours, by their old keys; the others are counted as skipped."""
    if not shape.has("message_patterns"):
        return []
    roles = {role.role_name: role for role in UserRole.objects.all()}
    read = []
    for key, name, intent, phrases, regex, role, length, in_use, priority, description in old.rows(
        _select(shape)
    ):
        if intent not in Intent.values:
            tally.add("skipped", f"for the intent {intent!r}, which this hub does not know", keys=[key])
            continue
        sender = roles.get(role_names.get(int(role), "")) if role else None
        read.append(
            OldPattern(
                key=int(key),
                name=(name or "").strip()[:_LONGEST_NAME] or f"Pattern {key}{_SUFFIX}",
                intent=intent,
                phrases=_phrases(phrases),
                regex=regex or "",
                role=sender,
                min_length=min(max(int(length or 0), 0), _LARGEST),
                # Without its role a rule would speak of everybody.
                in_use=in_use != "f" and (role is None or sender is not None),
                priority=100 if priority is None else min(max(int(priority), _SMALLEST), _LARGEST),
                description=description or "",
            )
        )
    return read


def _phrases(document: str | None) -> list[str]:
    """What can be a phrase, in its order and once each."""
    listed = json.loads(document) if document else []
    texts = [text.strip() for text in listed if isinstance(text, str)] if isinstance(listed, list) else []
    return list(dict.fromkeys(text for text in texts if 0 < len(text) <= _LONGEST_PHRASE))


def _select(shape: Shape) -> str:
    pattern = shape.table("message_patterns", "p")
    columns = [
        pattern.number("id"),
        pattern.text("pattern_name"),
        f"lower(trim({pattern.text('pattern_type')}))",
        pattern.texts("keyword_patterns"),
        pattern.text("regex_pattern"),
        pattern.number("sender_role_id"),
        pattern.number("min_text_length"),
        pattern.flag("auto_classify"),
        pattern.number("priority"),
        pattern.text("description"),
    ]
    return f"SELECT {', '.join(columns)} FROM message_patterns AS p ORDER BY 1"  # noqa: S608
