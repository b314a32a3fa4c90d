"""One row of everything that the admin shows, so that each of its pages can be opened.

What people would have written stands here in Greek: whatever is Latin or Cyrillic on a page is the hub's.
"""

import uuid
import wave
from datetime import timedelta
from typing import TypeAlias

from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.utils import timezone

from bots.models import ApprovalCard, BotMembership, ButtonPress, CollectionGap, RawUpdate, TelegramBot
from clients.models import RoleName, TelegramUser, UserRole
from cvgorod_hub.api.keys.issuing import create_key
from cvgorod_hub.api.models import ApiKey, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from cvgorod_hub.models import Erasure
from cvgorod_hub.staff.models import LoginAttempt
from intents.models import (
    Intent,
    MessageAnalysis,
    MessagePattern,
    ModelSettings,
    Reclassification,
)
from messaging.models import Chat, HistoryImport, Message, Recording
from messaging.recordings import file_path
from sandbox.actors import Actor
from sandbox.models import PendingResponse, RejectionReason, ResponseEvent, SandboxSettings
from sandbox.proposals import Proposal, propose
from tests.factories import ChatFactory, ManagerFactory, MessageFactory, PersonFactory, role

Rows: TypeAlias = dict[type[Model], Model]

SHOP, ANNA, BORIS = "Κατάστημα", "Άννα", "Βασίλης"
QUESTION, ANSWER = "Έχετε κόκκινα τριαντάφυλλα;", "Ναι, έχουμε."
AGENT, FILE, WHY = "πράκτορας", "συνομιλία", "δοκιμή"


def make_rows() -> Rows:
    """A row of each model that the admin shows."""
    rows: Rows = {}
    for make in (_people, _talk, _meaning, _replies, _sound, _telegram, _programs, _settings, _logins):
        make(rows)
    assert set(rows) == set(admin.site._registry), "make_rows() makes one row of each model in the admin"
    return rows


def _people(rows: Rows) -> None:
    rows[User] = User.objects.create_user("υπάλληλος", first_name=ANNA, is_staff=True)
    rows[Group] = Group.objects.create(name="ομάδα")
    rows[UserRole] = UserRole.objects.create(role_name="ρόλος", display_name="Ρόλος")
    rows[TelegramUser] = person = PersonFactory(first_name=BORIS, username="βασίλης")
    rows[Erasure] = Erasure.objects.create(
        person_id=person.pk, until=person.first_seen, request=WHY, actor_name=ANNA, counts={"messages": 3},
        state=Erasure.State.FINISHED, finished_at=timezone.now(),
    )  # fmt: skip


def _talk(rows: Rows) -> None:
    now = timezone.now()
    chat = ChatFactory(
        name=SHOP, waiting_since=now - timedelta(hours=2), last_message_at=now, members_count=3
    )
    rows[Chat] = chat
    rows[Message] = MessageFactory(chat=chat, user=rows[TelegramUser], text=QUESTION, timestamp=now)
    MessageFactory(
        chat=chat,
        user=ManagerFactory(first_name=ANNA, username="άννα", role=role(RoleName.MANAGER)),
        text=ANSWER,
        timestamp=now - timedelta(days=1),
    )
    rows[HistoryImport] = HistoryImport.objects.create(
        file_name=FILE, sha256="0" * 64, export_chat_id=1, export_type="", export_name=SHOP, chat=chat,
        messages=2, added=1, present=1, state=HistoryImport.State.FINISHED, first_at=now, last_at=now,
    )  # fmt: skip


def _meaning(rows: Rows) -> None:
    rows[MessagePattern] = MessagePattern.objects.create(
        pattern_name="πρότυπο", pattern_type=Intent.QUESTION, keyword_patterns=["τριαντάφυλλα"]
    )
    rows[MessageAnalysis] = MessageAnalysis.objects.create(
        message=rows[Message], intent=Intent.QUESTION, confidence=0.9, source=MessageAnalysis.Source.PATTERN,
        is_urgent=True,
    )  # fmt: skip
    rows[Reclassification] = Reclassification.objects.create(
        by=Reclassification.By.PATTERNS, chosen=WHY, key="", total=10, done=4, actor_name=ANNA
    )


def _replies(rows: Rows) -> None:
    chat = rows[Chat]
    proposal = Proposal(chat_id=chat.pk, text=ANSWER, context=WHY)
    rows[PendingResponse] = response = propose(proposal=proposal, actor=Actor(name=AGENT)).response
    rows[ResponseEvent] = ResponseEvent.objects.get(response=response)
    rows[RejectionReason] = RejectionReason.objects.create(text="λάθος")
    rows[ApprovalCard] = ApprovalCard.objects.create(
        response=response, chat_id=chat.pk, sent_at=timezone.now()
    )
    rows[ButtonPress] = ButtonPress.objects.create(
        query_id="1", person_id=1, first_name=ANNA, username="άννα", answer=WHY, decided_at=timezone.now()
    )


def _sound(rows: Rows) -> None:
    """A quarter of a second of silence, recognised."""
    now = timezone.now()
    message = MessageFactory(
        chat=rows[Chat], user=rows[TelegramUser], text="", message_type=Message.Type.VOICE,
        transcript=QUESTION, transcript_state=Recording.State.DONE, timestamp=now - timedelta(minutes=9),
    )  # fmt: skip
    recording = Recording.objects.create(
        message=message, bot_id=1, file_id="1", state=Recording.State.DONE, seconds=0.25, queued_at=now,
        container=Recording.Container.WAV, file=f"voice/{message.pk}.wav", downloaded_at=now, finished_at=now,
        written_by=Recording.WrittenBy.SPEECH,
    )  # fmt: skip
    path = file_path(recording)
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(4000))
    rows[Recording] = recording


def _telegram(rows: Rows) -> None:
    now = timezone.now()
    rows[TelegramBot] = bot = TelegramBot.objects.create(
        id=1, username="ρομπότ", name="Ρομπότ", can_read_all_group_messages=True, last_poll_at=now
    )
    rows[RawUpdate] = RawUpdate.objects.create(
        bot=bot, update_id=1, kind="", payload="{}", parse_state=RawUpdate.State.FAILED, parsed_at=now
    )
    rows[BotMembership] = BotMembership.objects.create(
        bot=bot, chat=rows[Chat], status=BotMembership.Status.KICKED, changed_at=now, checked_at=now
    )
    rows[CollectionGap] = CollectionGap.objects.create(
        bot=bot, began_at=now - timedelta(days=3), ended_at=now - timedelta(days=1), has_losses=True
    )


def _programs(rows: Rows) -> None:
    now = timezone.now()
    rows[ApiKey] = key = create_key(name=AGENT, scopes=["read", "propose"])[0]
    rows[WebhookEndpoint] = endpoint = WebhookEndpoint.objects.create(
        name="αποδέκτης", url="https://127.0.0.1:9/", events=["draft.decided"], key=key, seed="",
        last_success_at=now,
    )  # fmt: skip
    rows[WebhookDelivery] = delivery = WebhookDelivery.objects.create(
        endpoint=endpoint, event_id=uuid.uuid4(), event="draft.decided", payload="{}", created_at=now,
        attempts=1, state=WebhookDelivery.State.FAILED,
    )  # fmt: skip
    WebhookAttempt.objects.create(delivery=delivery, began_at=now, duration_ms=12, status_code=500)


def _settings(rows: Rows) -> None:
    rows[SandboxSettings] = SandboxSettings.get_solo()
    rows[ModelSettings] = ModelSettings.get_solo()


def _logins(rows: Rows) -> None:
    rows[LoginAttempt] = LoginAttempt.objects.create(
        account=rows[User], name_key="0" * 64, network="203.0.113.7", step=LoginAttempt.Step.PASSWORD,
        is_known_browser=False,
    )  # fmt: skip
