"""The report for people: what is wrong first, then the figures; 100 columns."""

import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby

from django.utils import timezone

from bots.report.build import Report, Tally
from bots.report.gaps import Gap

WIDTH = 100
ALL_IS_WELL = "Everything that Telegram handed over is stored."
_COLUMNS = ("received", "parsed", "nothing", "unread", "telegram", "sent", "import", "missing")
# Room for the heading, or for five digits.
_WIDTHS = tuple(max(len(name), 5) + 1 for name in _COLUMNS)
_NAME = WIDTH - sum(_WIDTHS)
# Of one chat's missing numbers so many spans are named; --json has all.
_SPANS = 3


def as_text(report: Report) -> Iterator[str]:
    """Line by line."""
    first, last = timezone.localdate(report.period.since), timezone.localdate(report.period.until)
    yield f"From {first} to {last}, days of {report.period.time_zone}."
    yield ""
    yield from _summary(report)
    yield from _totals(report)
    yield from _imports(report)
    yield from _bots(report)
    yield from _days(report)
    yield from _gaps(report)


def _summary(report: Report) -> Iterator[str]:
    total = report.total
    if not report.needs and not total.updates["pending"]:
        yield ALL_IS_WELL
    elif not report.needs:
        yield f"Everything is stored but {total.updates['pending']} updates that are being read."
    else:
        yield "Needs a person:"
        for sentence in report.needs:
            yield from _item("! ", sentence)
    yield ""


def _totals(report: Report) -> Iterator[str]:
    total = report.total
    updates, messages, missing = total.updates, total.messages, total.missing
    yield (
        f"Updates    {total.received} received = {updates['parsed']} parsed "
        f"+ {updates['ignored']} with nothing to store + {updates['failed']} failed"
    )
    yield f"           + {updates['pending']} waiting + {updates['dismissed']} set aside"
    if report.kept_since and report.kept_since > report.period.since:
        yield f"           (those received and read before {_time(report.kept_since)} are not kept any more)"
    yield (
        f"Messages   {messages['telegram']} from Telegram, {messages['sent']} sent by the hub, "
        f"{messages['import']} imported"
    )
    states = ", ".join(f"{count} {state}" for state, count in total.replies.items() if count)
    yield f"Replies    {states or 'none'}"
    yield (
        f"Missing    {missing.total} numbers = {missing.own} the hub's own "
        f"+ {missing.unread} received but not read"
    )
    yield (
        f"           + {missing.may_be_lost} that may be lost + {missing.not_visible} not visible to a bot "
        "(other bots, deleted)"
    )
    yield ""


def _imports(report: Report) -> Iterator[str]:
    for one in report.imports:
        yield from _item(
            "Import     ",
            f"{_time(one.started_at)}, {one.chat}: {one.messages} messages, {one.added} added, "
            f"{one.present} already there, {one.skipped} left out ({one.state})",
        )
    if report.imports:
        yield ""


def _bots(report: Report) -> Iterator[str]:
    for bot in report.bots:
        privacy = (
            ""
            if bot.can_read_all_group_messages
            else "; PRIVACY MODE IS ON, it does not see what clients write"
        )
        yield from _item(
            "Bot  ",
            f"{printable(str(bot))}: last heard of Telegram {_time(bot.last_poll_at)}, last update "
            f"{_time(bot.last_update_at)}{privacy}",
        )
    if report.bots:
        yield ""


def _days(report: Report) -> Iterator[str]:
    if not report.days:
        yield "Nothing came and nothing was sent."
        return
    for day, listed in groupby(report.days.items(), key=lambda item: item[0][0]):
        yield _row(str(day), _COLUMNS)
        for (_day, chat_id), tally in listed:
            yield _row("  " + _chat_name(report, chat_id), _figures(tally))
        yield ""


def _figures(tally: Tally) -> list[str]:
    updates, messages = tally.updates, tally.messages
    counts = (
        tally.received,
        updates["parsed"],
        updates["ignored"],
        updates["failed"] + updates["pending"] + updates["dismissed"],
        messages["telegram"],
        messages["sent"],
        messages["import"],
        tally.missing.total,
    )
    return [str(count) if count else "·" for count in counts]


def _gaps(report: Report) -> Iterator[str]:
    if report.gaps:
        yield _gap_row(
            "Missing numbers", ("missing", "own", "unread", "maybe lost", "not visible"), "numbers"
        )
        for chat_id, listed in groupby(report.gaps, key=lambda gap: gap.chat_id):
            gaps = list(listed)
            counts = [
                sum(counts)
                for counts in zip(
                    *((gap.missing, gap.own, gap.unread, gap.may_be_lost, gap.not_visible) for gap in gaps),
                    strict=True,
                )
            ]
            yield _gap_row("  " + _chat_name(report, chat_id), map(str, counts), _spans(gaps))
        yield ""
    if unjudged := report.unjudged:
        yield from _item(
            "",
            f"Private chats and basic groups ({len(unjudged)} here): missing numbers cannot be judged, "
            "because Telegram counts their messages for each account apart.",
        )


def _spans(gaps: Sequence[Gap]) -> str:
    """The newest few, as 1203-1207, 1300."""
    ends = [(gap.after + 1, gap.before - 1) for gap in gaps[-_SPANS:]]
    named = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in reversed(ends))
    return f"{named}, …" if len(gaps) > _SPANS else named


def _chat_name(report: Report, chat_id: int | None) -> str:
    if chat_id is None:
        return "no chat"
    chat = report.chats.get(chat_id)
    return printable(chat.name if chat and chat.name else str(chat_id))


def printable(text: str) -> str:
    """A name that clients chose, without what would move a terminal's cursor."""
    return "".join(letter for letter in text if letter.isprintable())


def _row(name: str, cells: Iterable[str]) -> str:
    return (
        _fit(name, _NAME) + "".join(f"{cell:>{width}}" for cell, width in zip(cells, _WIDTHS, strict=False))
    ).rstrip()


def _gap_row(name: str, cells: Iterable[str], spans: str) -> str:
    widths = (8, 6, 7, 11, 12)
    figures = "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
    return f"{_fit(name, 26)}{figures}  {spans}"[:WIDTH].rstrip()


def _fit(text: str, width: int) -> str:
    """Exactly so many columns, whatever the letters' width."""
    fitted, used = "", 0
    for letter in text:
        columns = _columns(letter)
        if used + columns > width:
            break
        fitted, used = fitted + letter, used + columns
    return fitted + " " * (width - used)


def _columns(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _item(mark: str, sentence: str) -> list[str]:
    return textwrap.wrap(
        printable(" ".join(sentence.split())),
        WIDTH,
        initial_indent=mark,
        subsequent_indent=" " * len(mark),
    )


def _time(moment: datetime | None) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}" if moment else "never"
