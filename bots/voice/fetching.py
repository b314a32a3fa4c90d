"""A recording's file: fetched, stored, and on to the words, or said why not."""

from django.conf import settings
from django.db.models.functions import Now

from bots.voice import downloading, speechkit
from bots.voice.claims import Claim, again_or, give_up, settle
from bots.voice.containers import Container, Sound
from bots.voice.nudging import recognise_soon
from messaging.models import Recording

Api, Problem, State = Recording.Api, Recording.Problem, Recording.State


def fetch(claim: Claim) -> bool:
    """Whether Telegram answered; raises ExternalServiceError where it did not."""
    try:
        name, size, sound = downloading.download(claim.recording)
    except downloading.FileTooBigError as error:
        give_up(claim, Problem.TOO_BIG, str(error))
    except downloading.FileGoneError as error:
        # Telegram says "wrong file_id" also of one that is "temporarily unavailable".
        again_or(claim, Problem.NOT_THERE, str(error), state=State.WAITING)
    except downloading.PartialFileError as error:
        again_or(claim, Problem.DAMAGED, str(error), state=State.WAITING)
    else:
        _downloaded(claim, name, size, sound)
    return True


def _downloaded(claim: Claim, name: str, size: int, sound: Sound) -> None:
    seconds = sound.seconds or claim.recording.seconds
    is_on = settings.YANDEX_STT_ENABLED
    is_held = settle(
        claim,
        state=State.RECOGNISING if is_on else State.OFF,
        due_at=Now() if is_on else None,
        file=name,
        size=size,
        container=sound.container,
        seconds=seconds,
        api=_api_for(sound, seconds, size),
        attempts=0,
        faults=0,
        error="",
        downloaded_at=Now(),
        file_deleted_at=None,
    )
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
