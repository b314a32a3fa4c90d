"""What a press of a card's button does: decided once, together with the note that it is, then answered.

Who may decide is told by the account that is linked to the person's Telegram id, never by a name; what is
decided is told by the reply's row, never by the card.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from bots.cards import APPROVE, CONFIRM, Order, shorten
from bots.models import ApprovalCard, ButtonPress
from bots.review_chat import ANSWER_DEADLINE_SECONDS, answer_press
from bots.tasks import show_cards
from clients.people import IncomingPerson, store_people
from cvgorod_hub.common.database import is_passing
from cvgorod_hub.common.dates import local_time
from cvgorod_hub.common.nudge import nudge
from sandbox import review
from sandbox.actors import REVIEW_PERMISSION, Actor
from sandbox.errors import SandboxError, StaleResponseError
from sandbox.models import PendingResponse
from sandbox.transport import TransportError

logger = logging.getLogger(__name__)

# Telegram's limit for the answer to a callback query (Bot API, answerCallbackQuery).
LONGEST_ANSWER = 200
# Whoever decided answers at once; another process only where that one died meanwhile.
ANSWER_CLAIM = timedelta(seconds=ANSWER_DEADLINE_SECONDS + 10)
ANSWER_PAUSE = timedelta(seconds=3)
MOST_ANSWERS = 5


@dataclass(frozen=True)
class Verdict:
    """What whoever pressed is told; an alert has to be closed by hand."""

    text: str
    is_alert: bool = False


def settle_waiting() -> int:
    """Decide on every press that waits and answer it; returns how many were decided."""
    decided = 0
    while (press := decide_next()) is not None:
        _answer(press)
        decided += 1
    for press in ButtonPress.objects.filter(answer_due_at__lte=timezone.now()).order_by("id"):
        _answer(press)
    return decided


def decide_next() -> ButtonPress | None:
    """Take the oldest press that waits and decide on it, all in one transaction; None where none is left."""
    with transaction.atomic(), translation.override(settings.LANGUAGE_CODE):
        waiting = ButtonPress.objects.filter(decided_at__isnull=True).order_by("id")
        press = waiting.select_for_update(skip_locked=True).first()
        if press is None:
            return None
        verdict = _judge(press)
        press.answer, press.is_alert = shorten(verdict.text, LONGEST_ANSWER), verdict.is_alert
        press.decided_at = timezone.now()
        press.answer_due_at = press.decided_at + ANSWER_CLAIM
        press.save()
    return press


def _judge(press: ButtonPress) -> Verdict:
    """Do what the press orders, and find the words for it. Raises only what will pass (is_passing)."""
    order = Order.read(press.data)
    if order is None:
        return Verdict(_("This button means nothing here."))
    try:
        with transaction.atomic():
            account = _account(press)
            return _carry_out(order, account) if account else _refuse(press)
    except StaleResponseError:
        _ask_for_a_second_yes(order)
        return Verdict(
            _("The conversation went on. The card now shows what was said: read it, then decide again."),
            is_alert=True,
        )
    except SandboxError as error:
        return Verdict(str(error), is_alert=True)
    except PendingResponse.DoesNotExist:
        return Verdict(_("There is no such reply."), is_alert=True)
    except Exception as error:
        if is_passing(error):
            raise
        # A fault of ours: said, logged, and the presses behind it go on.
        logger.exception("press failed press=%s", press.pk)
        return Verdict(
            _("Nothing was done: something went wrong. Open the reply in the admin."), is_alert=True
        )


def _carry_out(order: Order, account: User) -> Verdict:
    actor = Actor.from_user(account)
    if order.action in {APPROVE, CONFIRM}:
        seen = _seen(order)
        approved = review.approve(
            response_id=order.response_id,
            version=order.version,
            actor=actor,
            confirm_stale=seen is not None,
            seen=seen,
        )
        return Verdict(_approved(approved))
    review.reject(
        response_id=order.response_id,
        version=order.version,
        actor=actor,
        reason=_("Rejected in Telegram, without a reason."),
    )
    return Verdict(_("Rejected."))


def _approved(response: PendingResponse) -> str:
    if response.scheduled_at is None or response.scheduled_at <= timezone.now():
        return _("Approved; the reply is being sent.")
    return _("Approved: %(who)s, %(when)s. Goes out not before %(time)s.") % {
        "who": response.approved_by,
        "when": local_time(response.approved_at or timezone.now()),
        "time": local_time(response.scheduled_at),
    }


def _seen(order: Order) -> str | None:
    """The snapshot that the yes to a stale reply holds for; None where the card asks anew, or never did."""
    if order.action != CONFIRM:
        return None
    card = ApprovalCard.objects.filter(response_id=order.response_id, ask=order.ask).first()
    return card.seen if card else None


def _account(press: ButtonPress) -> User | None:
    """The account that may decide; the person becomes known, so that somebody can link one."""
    person = IncomingPerson(
        id=press.person_id,
        username=press.username,
        first_name=press.first_name,
        last_name=press.last_name,
    )
    account = store_people([(person, press.received_at)])[press.person_id].staff_account
    if account is None or not (account.is_active and account.is_staff):
        return None
    return account if account.has_perm(REVIEW_PERMISSION) else None


def _refuse(press: ButtonPress) -> Verdict:
    """How to be allowed to decide."""
    linked = User.objects.filter(telegram_user=press.person_id, is_active=True, is_staff=True).exists()
    if linked:
        return Verdict(_("Your account may not approve or reject replies."), is_alert=True)
    return Verdict(
        _(
            "This Telegram account decides nothing yet. In the admin: People → %(name)s → Staff account, "
            "choose yours."
        )
        % {"name": shorten(f"{press.first_name} {press.last_name}", 40) or press.person_id},
        is_alert=True,
    )


def _ask_for_a_second_yes(order: Order) -> None:
    ApprovalCard.objects.filter(response_id=order.response_id).update(wants_to_ask=True)
    transaction.on_commit(lambda: nudge(show_cards), robust=True)


def _answer(press: ButtonPress) -> None:
    try:
        answer_press(query_id=press.query_id, text=press.answer, is_alert=press.is_alert)
    except TransportError as error:
        logger.warning("press not answered press=%s error=%s", press.pk, error)
        press.attempts += 1
        given_up = press.attempts >= MOST_ANSWERS
        press.answer_due_at = None if given_up else timezone.now() + ANSWER_PAUSE
    else:
        press.answer_due_at = None
    press.save(update_fields=["attempts", "answer_due_at"])
