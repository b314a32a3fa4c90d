"""`manage.py learn_experience CSV…`: what labelled messages teach, kept beside the code for every hub."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from intents.evaluation import Labelled, LabelledFileError, read_labelled
from intents.patterns.experience import FILE
from intents.patterns.learning import learn, write
from intents.patterns.rulebook import load_classifier


class Command(BaseCommand):
    help = "For developers: learn intents/patterns/experience.json anew from labelled messages."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "csv", nargs="+", help="columns text, intent; optionally sender_role, sentiment, urgent"
        )
        parser.add_argument(
            "--out", default=str(FILE), help="where to write it; without: where the hub reads it"
        )

    def handle(self, *args: object, csv: list[str], out: str, **options: object) -> None:
        paths = [Path(name) for name in csv]
        messages: list[Labelled] = []
        try:
            for path in paths:
                messages += read_labelled(path)
        except LabelledFileError as error:
            raise CommandError(str(error)) from None
        experience = learn(messages, load_classifier().read)
        write(experience, Path(out), learned_from=paths)
        self.stdout.write(f"{len(messages)} messages, {len(experience.weights)} features: {out}")
