"""How the days went, as charts: messages by hour, meanings by day, first replies, what became of drafts."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import get_default_timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cvgorod_hub.common.together import Question, Rows
from cvgorod_hub.desk.durations import MINUTE, in_words
from cvgorod_hub.desk.home.charts import Cell, Chart, Row, Series
from cvgorod_hub.desk.home.first_replies import Promptness, ask_first_replies, read_first_replies, sum_up
from cvgorod_hub.desk.home.period import DAYS_OF_MEANINGS, Days
from cvgorod_hub.desk.home.rows_behind import analyses_link, drafts_link, messages_link, replies_link
from cvgorod_hub.desk.rights import User, may_see_drafts, may_see_meanings, may_see_messages, may_see_replies
from cvgorod_hub.desk.work_time import WorkTime
from intents.labels import Intent
from intents.statistics import ask_by_day
from messaging.quarters import start_of
from messaging.statistics import ask_by_quarter
from sandbox.outcomes import DECIDED, Outcome, ask_outcomes

# Told apart by lightness, too, and at 3:1 or more from the light and the dark page.
_SPEAKERS = {"client": "#2f855a", "staff": "#3b82f6", "program": "#a06a12", "channel": "#6b7280"}
_INTENTS = {
    Intent.ORDER: "#2f855a",
    Intent.QUESTION: "#3b82f6",
    Intent.INTEREST: "#b7791f",
    Intent.COMPLAINT: "#dc4a3f",
    Intent.CONFIRMATION: "#0e9594",
    Intent.BROADCAST: "#8b6cc9",
    Intent.OTHER: "#7b8794",
}
_OUTCOMES = {Outcome.UNEDITED: "#2f855a", Outcome.EDITED: "#b7791f", Outcome.REJECTED: "#dc4a3f"}
# The chart has as many people; the table beside it has all.
MOST_PEOPLE = 8


def ask_days(user: User, days: Days) -> dict[str, Question]:
    """What this user may know of."""
    questions: dict[str, Question] = {}
    today = Days(days.last, 1)
    if may_see_messages(user):
        questions["hours"] = ask_by_quarter(today.since, today.until)
    if may_see_meanings(user):
        questions["meanings"] = ask_by_day(_meanings_from(days), days.last)
    if may_see_replies(user):
        questions["replies"] = ask_first_replies(days.since, days.until)
    if may_see_drafts(user):
        questions["outcomes"] = ask_outcomes(days.since, days.until)
    return questions


def days_context(answers: Mapping[str, Rows], days: Days, work: WorkTime) -> dict[str, Any]:
    """For desk/days.html: a chart, or None where it would be empty; what may not be seen is not named."""
    context: dict[str, Any] = {"days": days}
    if "hours" in answers:
        context["hours"] = {"chart": messages_by_hour(answers["hours"], days.last)}
    if "meanings" in answers:
        context["meanings"] = {"chart": meanings_by_day(answers["meanings"], days)}
    if "replies" in answers:
        sums = sum_up(read_first_replies(answers["replies"], work))
        context["replies"] = {"chart": first_replies(sums, days)}
    if "outcomes" in answers:
        context["outcomes"] = {"chart": outcomes(answers["outcomes"], days)}
    return context


def messages_by_hour(rows: Rows, day: date) -> Chart | None:
    """By the hub's clock. Where clocks go back an hour counts twice, and is one bar."""
    if not rows:
        return None
    zone = get_default_timezone()
    counts = {speaker: [0] * 24 for speaker in _SPEAKERS}
    for row in rows:
        hour = start_of(row["bucket"]).astimezone(zone).hour
        counts[row["speaker"]][hour] += row["messages"]
    spoken = [speaker for speaker in _SPEAKERS if any(counts[speaker])]
    names = _speaker_names()
    totals = [sum(column) for column in zip(*counts.values(), strict=True)]
    busiest = max(range(24), key=totals.__getitem__)
    links = [messages_link(day, hour) if totals[hour] else "" for hour in range(24)]
    return Chart(
        name="hours",
        labels=[f"{hour}" for hour in range(24)],
        series=[Series(names[one], _SPEAKERS[one], counts[one]) for one in spoken],
        links=links,
        summary=_messages_in_words(sum(totals), busiest, totals[busiest]),
        first_heading=_("Hour"),
        headings=[*(names[one] for one in spoken), _("In all")],
        rows=[
            Row(
                Cell(f"{hour}:00–{hour + 1}:00"),
                [*(Cell(str(counts[one][hour])) for one in spoken), Cell(str(totals[hour]), links[hour])],
            )
            for hour in range(24)
            if totals[hour]
        ],
    )


def meanings_by_day(rows: Rows, days: Days) -> Chart | None:
    """The last fourteen days, up to the one that is shown."""
    known = {date.fromisoformat(row["date"]): row["intents"] for row in rows}
    if not any(any(counts) for counts in known.values()):
        return None
    dates = [_meanings_from(days) + timedelta(days=number) for number in range(DAYS_OF_MEANINGS)]
    counts = [dict(zip(Intent.values, known.get(day, [0] * len(Intent)), strict=True)) for day in dates]
    found = [intent for intent in _INTENTS if any(of_day[intent] for of_day in counts)]
    links = [analyses_link(day) for day in dates]
    total = {intent: sum(of_day[intent] for of_day in counts) for intent in found}
    return Chart(
        name="meanings",
        labels=[date_format(day, "j.m") for day in dates],
        series=[Series(_capital(one.label), _INTENTS[one], [of[one] for of in counts]) for one in found],
        links=links,
        summary=", ".join(
            f"{intent.label} – {total[intent]}" for intent in sorted(found, key=lambda one: -total[one])
        ),
        first_heading=_("Day"),
        headings=[_capital(intent.label) for intent in found],
        rows=[
            Row(Cell(date_format(day, "j E"), link), [_meaning_cell(of[one], day, one) for one in found])
            for day, of, link in zip(reversed(dates), reversed(counts), reversed(links), strict=True)
        ],
    )


def first_replies(sums: list[Promptness], days: Days) -> Chart | None:
    """The people who replied most; the table has all."""
    if not sums:
        return None
    shown, replies = sums[:MOST_PEOPLE], sum(one.replies for one in sums)
    return Chart(
        name="replies",
        labels=[one.name for one in shown],
        series=[
            Series(_("Half within"), "#3b82f6", [_minutes(one.median) for one in shown]),
            Series(_("90 of 100 within"), "#b7791f", [_minutes(one.slow) for one in shown]),
        ],
        links=[replies_link(one.who, days) for one in shown],
        summary=ngettext("%(count)d first reply", "%(count)d first replies", replies) % {"count": replies},
        first_heading=_("Who replied"),
        headings=[_("Replies"), _("Half within"), _("90 of 100 within")],
        rows=[
            Row(
                Cell(one.name, replies_link(one.who, days)),
                [Cell(str(one.replies)), Cell(in_words(one.median)), Cell(in_words(one.slow))],
            )
            for one in sums
        ],
        is_lying=True,
        is_stacked=False,
        unit=_("minutes of working time"),
    )


def outcomes(rows: Rows, days: Days) -> Chart | None:
    """Shares are of what a person decided; the rest is only counted."""
    counts = {Outcome(row["outcome"]): row["drafts"] for row in rows}
    if not counts:
        return None
    decided = sum(counts.get(one, 0) for one in DECIDED)
    others = [one for one in Outcome if one not in DECIDED and counts.get(one)]
    return Chart(
        name="outcomes",
        labels=[_("Drafts")],
        series=[Series(_capital(one.label), _OUTCOMES[one], [counts.get(one, 0)]) for one in DECIDED],
        links=[drafts_link("", days)],
        summary=ngettext("%(count)d draft decided on", "%(count)d drafts decided on", decided)
        % {"count": decided},
        first_heading=_("What became of them"),
        headings=[_("Drafts"), _("Share")],
        rows=[
            Row(
                Cell(_capital(one.label), drafts_link(one, days)),
                [
                    Cell(str(counts.get(one, 0))),
                    Cell(_share(counts.get(one, 0), decided) if one in DECIDED else "–"),
                ],
            )
            for one in (*DECIDED, *others)
        ],
        is_lying=True,
    )


def _messages_in_words(number: int, hour: int, most: int) -> str:
    said = ngettext("%(count)d message", "%(count)d messages", number) % {"count": number}
    return _("%(messages)s, most of them from %(begin)d to %(end)d: %(most)d") % {
        "messages": said,
        "begin": hour,
        "end": hour + 1,
        "most": most,
    }


def _speaker_names() -> dict[str, str]:
    return {
        "client": _("Clients"),
        "staff": _("Staff"),
        "program": _("Programs"),
        "channel": _("Channels and chats"),
    }


def _meanings_from(days: Days) -> date:
    return replace(days, length=DAYS_OF_MEANINGS).first


def _meaning_cell(number: int, day: date, intent: Intent) -> Cell:
    return Cell(str(number), analyses_link(day, intent) if number else "")


def _minutes(time: timedelta) -> float:
    return round(time / MINUTE, 1)


def _share(number: int, of: int) -> str:
    return f"{number / of:.0%}" if of else "–"


def _capital(words: object) -> str:
    text = str(words)
    return text[:1].upper() + text[1:]
