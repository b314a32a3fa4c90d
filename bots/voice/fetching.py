"""A recording's file: fetched, stored, and on to the words, or said why not."""

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from bots.voice import downloading, speechkit
from bots.voice.claims import Claim, again_or, give_up, settle
from bots.voice.containers import Container, Sound
from bots.voice.downloading import Fetched
from bots.voice.nudging import recognise_soon
from messaging.models import Recording

Api, Problem, State = Recording.Api, Recording.Problem, Recording.State


def fetch(claim: Claim) -> bool:
    """Whether Telegram answered; raises ExternalServiceError where it did not."""
    try:
        with downloading.fetched(claim.recording) as file:
            _keep(claim, file)
    except downloading.FileTooBigError as error:
        give_up(claim, Problem.TOO_BIG, str(error))
    except downloading.FileGoneError as error:
        # Telegram says "wrong file_id" also of one that is "temporarily unavailable".
        again_or(claim, Problem.NOT_THERE, str(error), state=State.WAITING)
    except downloading.PartialFileError as error:
        again_or(claim, Problem.DAMAGED, str(error), state=State.WAITING)
    return True


def _keep(claim: Claim, file: Fetched) -> None:
    """The row and its file, while nobody else can have it: a late one must not lie in a newer one's place."""
    seconds = file.sound.seconds or claim.recording.seconds
    is_on = settings.YANDEX_STT_ENABLED
    with transaction.atomic():
        is_held = settle(
            claim,
            state=State.RECOGNISING if is_on else State.OFF,
            due_at=Now() if is_on else None,
            file=file.name,
            size=file.size,
            container=file.sound.container,
            seconds=seconds,
            api=_api_for(file.sound, seconds, file.size),
            attempts=0,
            faults=0,
            error="",
            downloaded_at=Now(),
            file_deleted_at=None,
        )
        if is_held:
            file.keep()
    if is_held and is_on:
        recognise_soon()


def _api_for(sound: Sound, seconds: float, size: int) -> Recording.Api:
    is_short = (
        sound.container == Container.OGG_OPUS
        and sound.channels in (0, 1)
        and 0 < seconds <= speechkit.SHORT_MOST_SECONDS
        and size <= speechkit.SHORT_MOST_BYTES
    )
    return Api.SHORT if is_short else Api.LONG
