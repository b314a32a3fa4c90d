"""What a card says and what its buttons carry: texts only, nothing is sent."""

from datetime import UTC, datetime

import pytest
from django.utils import translation

from bots.cards import CONFIRM, Drawing, Order, draw, shorten
from messaging.models import Chat
from sandbox.models import PendingResponse, ResponseEvent
from tests.factories import NOW

ADDRESS = "https://hub.example.com/admin/sandbox/pendingresponse/7/change/"


def reply(**fields: object) -> PendingResponse:
    """A reply as the card's queries give it, without a database."""
    response = PendingResponse(
        **{
            "id": 7,
            "chat": Chat(id=-1001, name="Магазин «Роза»"),
            "response_text": "Да, роза есть, 95 рублей.",
            "requested_by": "agent",
            "version": 2,
            "created_at": datetime(2026, 11, 1, 6, 5, tzinfo=UTC),
            "approved_by": "Анна",
            "approved_at": NOW,
            **fields,
        }
    )
    response.is_stale = bool(fields.get("is_stale"))
    response.is_urgent, response.intent = True, "complaint"
    return response


def drawn(response: PendingResponse, **more: object) -> Drawing:
    with translation.override("en"):
        return draw(response, address=ADDRESS, **more)  # type: ignore[arg-type]


def labels(drawing: Drawing) -> list[str]:
    return [button["text"] for row in drawing.keyboard for button in row]


def test_a_waiting_reply_is_shown_in_full_with_its_buttons() -> None:
    drawing = drawn(reply())

    assert drawing.text == (
        "Магазин «Роза» · Urgent · Complaint\n"
        "──────────\n"
        "Да, роза есть, 95 рублей.\n"
        "──────────\n"
        "Proposed: agent, 2026-11-01 09:05"
    )
    assert labels(drawing) == ["✅ Approve", "❌ Reject", "Open"]
    assert drawing.keyboard[1] == [{"text": "Open", "url": ADDRESS}]
    assert [button["callback_data"] for button in drawing.buttons[0]] == ["approve:7:2", "reject:7:2"]


def test_a_stale_reply_says_so_and_asks_with_the_number_of_the_question() -> None:
    stale, asking = reply(), reply()
    stale.is_stale = asking.is_stale = True

    assert "⚠️ The conversation went on" in drawn(stale).text
    assert labels(drawn(stale)) == ["✅ Approve", "❌ Reject", "Open"]
    question = drawn(asking, ask=3)
    assert labels(question) == ["Send anyway", "❌ Reject", "Open"]
    assert question.buttons[0][0]["callback_data"] == "confirm:7:2:3"


def test_a_reply_that_just_fits_can_be_approved_and_one_that_does_not_cannot() -> None:
    around = len(drawn(reply(response_text="")).text)

    fits = drawn(reply(response_text="🌷" * (4096 - around)))
    too_long = drawn(reply(response_text="🌷" * (4097 - around)))

    assert (len(fits.text), labels(fits)) == (4096, ["✅ Approve", "❌ Reject", "Open"])
    assert labels(too_long) == ["❌ Reject", "Open"]
    assert "too long for a card" in too_long.text
    assert len(too_long.text) < 1200


def test_without_a_link_the_address_is_read() -> None:
    drawing = drawn(reply()).without_link()

    assert labels(drawing) == ["✅ Approve", "❌ Reject"]
    assert drawing.text.endswith(f"\n{ADDRESS}")


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"status": "approved"}, "✅ Approved: Анна, 12:00. It is being sent."),
        ({"status": "sending"}, "✅ Approved: Анна, 12:00. It is being sent."),
        ({"status": "sent", "sent_at": NOW}, "✅ Sent 12:00. Approved: Анна, 12:00."),
        ({"status": "rejected", "rejected_reason": "Цена"}, "❌ Rejected: Борис, 12:00.\nЦена"),
        ({"status": "cancelled"}, "❌ Cancelled: Борис, 12:00. Nothing was sent."),
        ({"status": "expired"}, "⌛ Expired 12:00. Nothing was sent."),
        ({"status": "failed", "last_error": "kicked"}, f"Open it in the admin.\nkicked\n{ADDRESS}"),
        ({"status": "unknown"}, f"say in the admin which it was.\n{ADDRESS}"),
    ],
)
def test_a_decided_reply_says_what_became_of_it_and_has_no_buttons(
    fields: dict[str, object], line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    event = ResponseEvent(actor_name="Борис", created_at=NOW)

    drawing = drawn(reply(**fields), last_event=event)

    assert drawing.text.endswith(line)
    assert drawing.keyboard == []


def test_a_card_speaks_the_language_of_the_hub() -> None:
    with translation.override("ru"):
        assert "Proposed" not in draw(reply(), address=ADDRESS).text


def test_an_order_comes_back_as_it_went_and_fits_the_button() -> None:
    order = Order(action=CONFIRM, response_id=10**18 - 1, version=10**9 - 1, ask=10**9 - 1)

    assert len(order.data.encode()) <= 64
    assert Order.read(order.data) == order


@pytest.mark.parametrize(
    "data",
    ["", "approve:7", "approve:x:1", "send:7:2", "approve:7:2:3:4", "approve:٧:2", "approve:9" * 9],
)
def test_what_is_not_ours_is_no_order(data: str) -> None:
    assert Order.read(data) is None


def test_shortening_counts_code_points() -> None:
    assert shorten(" абв ", 3) == "абв"
    assert shorten("абвг", 3) == "аб…"
