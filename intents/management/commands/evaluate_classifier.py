"""`manage.py evaluate_classifier CSV`: how well messages are understood, measured on labelled ones."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cvgorod_hub.common.external import ExternalServiceError
from intents.corrections.evaluating import CorrectionsReport, NoCorrectionsError, evaluate_corrections
from intents.evaluation import (
    Labelled,
    LabelledFileError,
    Report,
    Score,
    evaluate,
    judge_by_model,
    judge_by_patterns,
    read_labelled,
)
from intents.management.options import moment
from intents.patterns.cross_validation import Folds, judge_in_folds, spread

JUDGES = {"patterns": judge_by_patterns, "model": judge_by_model}


class Command(BaseCommand):
    help = (
        "Measure the classifier on labelled messages, or by what people corrected: accuracy, precision, "
        "recall and F1 per intent."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "csv", nargs="?", help="columns text, intent; optionally sender_role, sentiment, urgent (0/1)"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON document")
        parser.add_argument("--source", choices=list(JUDGES), default="patterns", help="who classifies")
        parser.add_argument(
            "--corrections",
            action="store_true",
            help="patterns now, and the model as it had spoken, against what people said in the admin",
        )
        parser.add_argument("--since", metavar="DATE", help="only what people said since (2026-11-01)")
        parser.add_argument(
            "--folds",
            type=int,
            default=0,
            metavar="K",
            help="cross-validate: judge each of K parts by experience learned from the others alone",
        )

    def handle(self, *args: object, **options: Any) -> None:
        if options["corrections"] == (options["csv"] is not None):
            raise CommandError("Name a CSV of labelled messages, or --corrections.")
        if options["folds"] and (options["corrections"] or options["source"] != "patterns"):
            raise CommandError("--folds belongs to the patterns and a CSV: they alone have learned.")
        if options["corrections"]:
            self._measure_by_corrections(since=moment("since", options["since"]), as_json=options["json"])
            return
        if options["since"]:
            raise CommandError("--since belongs to --corrections.")
        if options["source"] == "model" and not settings.DEEPSEEK_API_KEY:
            raise CommandError("DEEPSEEK_API_KEY is not set.")
        try:
            messages = read_labelled(Path(str(options["csv"])))
            if options["folds"]:
                self._cross_validate(messages, options["folds"], as_json=options["json"])
                return
            report = evaluate(messages, JUDGES[str(options["source"])])
        except (LabelledFileError, ExternalServiceError) as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            self.stdout.write(json.dumps(report, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(_lines(report)))

    def _measure_by_corrections(self, *, since: datetime | None, as_json: bool) -> None:
        try:
            report = evaluate_corrections(since=since)
        except NoCorrectionsError as error:
            raise CommandError(str(error)) from None
        if as_json:
            self.stdout.write(json.dumps(report, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(_corrections_lines(report)))

    def _cross_validate(self, messages: list[Labelled], folds: int, *, as_json: bool) -> None:
        if not 2 <= folds <= len(messages):
            raise CommandError(f"--folds takes 2 to {len(messages)}, the number of messages.")
        judged = judge_in_folds(messages, folds)
        report, apart = evaluate(messages, lambda _: judged), spread(messages, judged, folds)
        if as_json:
            self.stdout.write(json.dumps({**report, **apart}, ensure_ascii=False))
        else:
            self.stdout.write("\n".join([_folds_line(apart), *_lines(report)]))


def _corrections_lines(report: CorrectionsReport) -> Iterator[str]:
    yield f"messages that people spoke of: {report['messages']}"
    judges = {"patterns, as they are now": report["patterns"]}
    judges |= {f"model, prompt version {version}": judged for version, judged in report["models"].items()}
    for name, judged in judges.items():
        yield ""
        yield f"== {name}: {judged['messages']} messages"
        if judged["intents"] is not None:
            yield from _lines({**judged["intents"], "urgent": None, "sentiment_accuracy": None})
        if (urgent := judged["urgent"]) is not None:
            yield _urgent_line(urgent)
        if judged["sentiment_accuracy"] is not None:
            yield f"sentiment: accuracy {judged['sentiment_accuracy']:.3f}"
        if (entities := judged["entities"]) is not None:
            yield f"entities: exactly right in {entities['right']} of {entities['messages']}"


def _urgent_line(urgent: Score) -> str:
    precision, recall, support = urgent["precision"], urgent["recall"], urgent["support"]
    return f"urgent: precision {precision:.3f}, recall {recall:.3f} of {support}"


def _folds_line(apart: Folds) -> str:
    return (
        f"{apart['folds']} folds, experience learned from the others: "
        f"accuracy from {apart['lowest_accuracy']:.3f} to {apart['highest_accuracy']:.3f}"
    )


def _lines(report: Report) -> Iterator[str]:
    yield f"messages {report['messages']}"
    yield f"accuracy {report['accuracy']:.3f}"
    yield f"macro-F1 {report['macro_f1']:.3f}"
    yield ""
    yield f"{'intent':<14}{'precision':>10}{'recall':>8}{'F1':>7}{'count':>7}"
    for intent, score in report["intents"].items():
        yield (
            f"{intent:<14}{score['precision']:>10.3f}{score['recall']:>8.3f}"
            f"{score['f1']:>7.3f}{score['support']:>7}"
        )
    yield ""
    intents = list(report["intents"])
    yield f"{'said / found':<14}" + "".join(f"{intent[:9]:>11}" for intent in intents)
    for said, found in report["confusion"].items():
        yield f"{said:<14}" + "".join(f"{found[intent]:>11}" for intent in intents)
    yield ""
    if (urgent := report["urgent"]) is not None:
        yield _urgent_line(urgent)
    if report["sentiment_accuracy"] is not None:
        yield f"sentiment: accuracy {report['sentiment_accuracy']:.3f}"
