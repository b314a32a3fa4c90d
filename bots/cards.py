"""What an approval card says, and what its buttons carry. Plain text: nothing on it is markup."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from cvgorod_hub.common.dates import local_time
from intents.models import Intent
from messaging.models import Message
from sandbox.models import PendingResponse, ResponseEvent
from sandbox.texts import MAX_TEXT_LENGTH

Status = PendingResponse.Status
Button = dict[str, str]
Keyboard = list[list[Button]]

LINE = "──────────"
# Code points of what stands around the draft.
LONGEST_NAME = 100
LONGEST_WORDS = 300
LONGEST_EXCERPT = 600
LONGEST_REASON = 300

APPROVE, CONFIRM, REJECT = "approve", "confirm", "reject"
_ORDER = re.compile(rf"({APPROVE}|{CONFIRM}|{REJECT}):(\d{{1,18}}):(\d{{1,9}})(?::(\d{{1,9}}))?", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a button orders: an action on a reply as it stood in that version.

    `ask`: which question about a stale reply it answers with yes.
    """

    action: str
    response_id: int
    version: int
    ask: int = 0

    @property
    def data(self) -> str:
        """The button's data; Telegram takes 64 bytes, and this is 50 at the most."""
        parts = [self.action, self.response_id, self.version, *([self.ask] if self.ask else [])]
        return ":".join(map(str, parts))

    @classmethod
    def read(cls, data: str) -> "Order | None":
        """The order, or None for what is not one of ours."""
        found = _ORDER.fullmatch(data)
        if found is None:
            return None
        action, response_id, version, ask = found.groups(default="0")
        return cls(action=action, response_id=int(response_id), version=int(version), ask=int(ask))


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A card as Telegram shall show it. `link` is the button that opens the reply in the admin."""

    text: str
    buttons: Keyboard
    link: Button | None = None

    @property
    def keyboard(self) -> Keyboard:
        """The buttons, and the link under them."""
        return [*self.buttons, [self.link]] if self.link else self.buttons

    def without_link(self) -> "Drawing":
        """The same where Telegram refuses the address on a button: it is then to be read."""
        text = self.text
        if self.link and len(text) + len(self.link["url"]) + 1 <= MAX_TEXT_LENGTH:
            text = f"{text}\n{self.link['url']}"
        return replace(self, text=text, link=None)


def draw(
    response: PendingResponse,
    *,
    said: Sequence[Message] = (),
    last_event: ResponseEvent | None = None,
    address: str,
    ask: int = 0,
) -> Drawing:
    """The card of a reply that has `with_staleness()` and `with_question()`.

    `said` are the words it is to be judged by; `ask`: it asks whether to send it although it is stale.
    """
    if response.status == Status.PENDING:
        return _waiting_card(response, said, address, ask)
    parts = [_head(response), LINE, shorten(response.response_text or str(response), LONGEST_EXCERPT), LINE]
    parts.append(_outcome(response, last_event))
    if response.status in {Status.FAILED, Status.UNKNOWN}:
        parts.append(address)
    return Drawing(text="\n".join(parts), buttons=[])


def shorten(text: str, length: int) -> str:
    """The beginning, in at most so many code points, with its line ends."""
    text = text.strip()
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def _waiting_card(response: PendingResponse, said: Sequence[Message], address: str, ask: int) -> Drawing:
    order = Order(action=APPROVE, response_id=response.pk, version=response.version)
    approve = {"text": _("✅ Approve"), "callback_data": order.data}
    if ask:
        confirm = replace(order, action=CONFIRM, ask=ask)
        approve = {"text": _("Send anyway"), "callback_data": confirm.data}
    reject = {"text": _("❌ Reject"), "callback_data": replace(order, action=REJECT).data}
    link = {"text": _("Open"), "url": address}
    text = _waiting_text(response, said, response.response_text)
    if len(text) <= MAX_TEXT_LENGTH:
        return Drawing(text=text, buttons=[[approve, reject]], link=link)
    # Nobody approves what they could not read.
    note = _("The reply is too long for a card: open it to read all of it and to approve.")
    beginning = shorten(response.response_text, LONGEST_EXCERPT)
    text = f"{_waiting_text(response, said, beginning)}\n⚠️ {note}"
    return Drawing(text=text, buttons=[[reject]], link=link)


def _waiting_text(response: PendingResponse, said: Sequence[Message], draft: str) -> str:
    parts = [_head(response)]
    if response.is_stale:
        parts.append("⚠️ " + _("The conversation went on after this reply was proposed."))
    parts += ["", *(_words(message) for message in said)] if said else []
    parts += [LINE, draft, LINE]
    who = {"who": response.requested_by, "when": local_time(response.created_at)}
    parts.append(_("Proposed: %(who)s, %(when)s") % who)
    if response.scheduled_at is not None and response.scheduled_at > timezone.now():
        parts.append("🕒 " + _("not before %(time)s") % {"time": local_time(response.scheduled_at)})
    return "\n".join(parts)


def _head(response: PendingResponse) -> str:
    name = response.chat.name or response.client_name or str(response.chat_id)
    facts = [_("Urgent")] if response.is_urgent else []
    if response.intent in Intent.values:
        facts.append(str(Intent(response.intent).label))
    return " · ".join([shorten(name, LONGEST_NAME), *facts])


def _words(message: Message) -> str:
    who = message.user.display_name if message.user else message.chat.name
    words = message.text or message.transcript or message.excerpt
    return f"{shorten(who, LONGEST_NAME)}, {local_time(message.timestamp)}: {shorten(words, LONGEST_WORDS)}"


def _outcome(response: PendingResponse, last_event: ResponseEvent | None) -> str:
    """What became of the reply, who decided it and when."""
    decided = {"who": response.approved_by, "when": _when(response.approved_at)}
    last = {
        "who": last_event.actor_name if last_event else "",
        "when": _when(last_event.created_at if last_event else None),
    }
    match response.status:
        case Status.APPROVED | Status.SENDING if response.scheduled_at and not response.claimed_at:
            planned = {**decided, "time": local_time(response.scheduled_at)}
            return "✅ " + _("Approved: %(who)s, %(when)s. Goes out not before %(time)s.") % planned
        case Status.APPROVED | Status.SENDING:
            return "✅ " + _("Approved: %(who)s, %(when)s. It is being sent.") % decided
        case Status.SENT:
            sent = {**decided, "sent": _when(response.sent_at)}
            return "✅ " + _("Sent %(sent)s. Approved: %(who)s, %(when)s.") % sent
        case Status.REJECTED:
            reason = shorten(response.rejected_reason, LONGEST_REASON)
            return "\n".join(filter(None, ["❌ " + _("Rejected: %(who)s, %(when)s.") % last, reason]))
        case Status.CANCELLED:
            return "❌ " + _("Cancelled: %(who)s, %(when)s. Nothing was sent.") % last
        case Status.EXPIRED:
            return "⌛ " + _("Expired %(when)s. Nothing was sent.") % last
        case Status.FAILED:
            reason = shorten(_(response.last_error), LONGEST_REASON) if response.last_error else ""
            return "⚠️ " + _("Could not be sent. Open it in the admin.") + f"\n{reason}"
        case _:
            return "⚠️ " + _(
                "It is not known whether it was sent. Look into the chat, then say in the admin which it was."
            )


def _when(moment: datetime | None) -> str:
    return local_time(moment) if moment else "—"
