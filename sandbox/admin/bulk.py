"""Many replies decided at once, after every text was shown in full.

The queue's action leads to a page that shows what was chosen; its form posts each reply's id with the
version on the screen, and what came of it stands on a page of its own. Only that post decides anything.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.admin import helpers
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action

from cvgorod_hub.common.admin import ReadOnlyAdmin
from sandbox import review
from sandbox.actors import REVIEW_PERMISSION, Actor
from sandbox.admin.cards import Card, as_cards, cards_of
from sandbox.models import PendingResponse, RejectionReason
from sandbox.proposals import MAX_BATCH
from sandbox.querysets import PendingResponseQuerySet
from sandbox.texts import MAX_REASON_LENGTH

APPROVE, REJECT = "approve", "reject"
# In the session: what the last decision about many came to.
OUTCOME = "bulk_outcome"
_SHOWN = re.compile(r"(\d{1,18}):(\d{1,9})")


@dataclass(frozen=True)
class Choice:
    """One reply on the page; `why_not` says why it will be skipped."""

    card: Card
    why_not: str

    @property
    def shown(self) -> str:
        return f"{self.card.response.pk}:{self.card.response.version}"


def choices(responses: Sequence[PendingResponse], decision: str) -> list[Choice]:
    return [Choice(card, _why_not(card, decision)) for card in cards_of(in_sending_order(responses))]


def in_sending_order(responses: Sequence[PendingResponse]) -> list[PendingResponse]:
    """As the queue has them; a batch stays together, in the order in which its agent wants it sent."""
    places: dict[object, int] = {}
    for response in responses:
        places.setdefault(response.batch_id or response.pk, len(places))
    return sorted(responses, key=lambda r: (places[r.batch_id or r.pk], r.send_order or 0))


def _why_not(card: Card, decision: str) -> str:
    if not card.is_waiting:
        return _("No longer waits: %(state)s.") % {"state": card.response.get_status_display()}
    if card.response.is_stale and decision == APPROVE:
        return _("Will be skipped: the conversation went on after this draft. Read it on its own page.")
    return ""


def posted_choices(posted: Sequence[str]) -> list[tuple[int, int]] | None:
    """(id, version) of each; None where the form was not ours."""
    matches = [_SHOWN.fullmatch(each) for each in posted]
    if not all(matches) or len(matches) > MAX_BATCH:
        return None
    return [(int(match[1]), int(match[2])) for match in matches if match]


class BulkDecisions(ReadOnlyAdmin):
    """The actions of PendingResponseAdmin, and their two pages."""

    actions = ("approve_selected", "reject_selected")

    def has_review_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(REVIEW_PERMISSION)

    @action(description=gettext_lazy("Approve selected…"), permissions=["review"])
    def approve_selected(
        self, request: HttpRequest, queryset: PendingResponseQuerySet
    ) -> HttpResponse | None:
        return self._show(request, self._chosen(request, queryset), APPROVE)

    @action(description=gettext_lazy("Reject selected…"), permissions=["review"])
    def reject_selected(self, request: HttpRequest, queryset: PendingResponseQuerySet) -> HttpResponse | None:
        return self._show(request, self._chosen(request, queryset), REJECT)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("bulk/", wrap(self.bulk_view), name="sandbox_pendingresponse_bulk"),
            path("bulk/done/", wrap(self.bulk_done_view), name="sandbox_pendingresponse_bulk_done"),
            *super().get_urls(),
        ]

    def bulk_view(self, request: HttpRequest) -> HttpResponse:
        """The confirmed decision; a GET decides nothing and leads back."""
        if not (self.has_view_permission(request) and self.has_review_permission(request)):
            raise PermissionDenied
        if request.method != "POST":
            return self._to_queue()
        shown = posted_choices(request.POST.getlist("shown"))
        left_out = posted_choices(request.POST.getlist("left_out"))
        if shown is None or left_out is None or request.POST.get("decision") not in {APPROVE, REJECT}:
            messages.error(request, _("The form was incomplete; nothing was done."))
            return self._to_queue()
        if not shown:
            messages.warning(request, _("Nothing was chosen; nothing was done."))
            return self._to_queue()
        if request.POST["decision"] == REJECT:
            return self._reject(request, shown)
        decided, skipped = review.approve_many(shown=shown, actor=Actor.from_user(request.user))
        # What the page said it would skip is skipped, whatever has become of it since.
        said = _("Left out, as the page said. Read it on its own page.")
        skipped += [review.Skipped(response_id, said) for response_id, _version in left_out]
        return self._done(request, APPROVE, (decided, skipped))

    def bulk_done_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        outcome = request.session.get(OUTCOME)
        if outcome is None:
            return self._to_queue()
        replies = PendingResponse.objects.select_related("chat").in_bulk(
            [response_id for response_id, _reason in outcome["skipped"]]
        )
        skipped = [
            {"id": response_id, "response": replies.get(response_id), "reason": reason}
            for response_id, reason in outcome["skipped"]
        ]
        title = _("Approved at once") if outcome["decision"] == APPROVE else _("Rejected at once")
        return self._page(
            request, "sandbox/bulk_done.html", title, outcome=outcome, skipped=skipped, back=outcome["back"]
        )

    def _chosen(self, request: HttpRequest, queryset: PendingResponseQuerySet) -> PendingResponseQuerySet:
        """What was ticked, also where it was decided meanwhile and has left the list."""
        if request.POST.get("select_across") == "1":
            return queryset.filter(status=PendingResponse.Status.PENDING)
        ticked = request.POST.getlist(helpers.ACTION_CHECKBOX_NAME)
        ids = [int(each) for each in ticked if each.isdecimal() and len(each) < 19]
        return as_cards(PendingResponse.objects.filter(pk__in=ids)).by_urgency()

    def _show(
        self, request: HttpRequest, chosen: PendingResponseQuerySet, decision: str
    ) -> HttpResponse | None:
        """The page with every text; None, back to the list, where there are too many to read."""
        count = chosen.count()
        if count > MAX_BATCH:
            messages.error(
                request,
                _(
                    "%(count)d replies were chosen, and no more than %(most)d can be decided at once. "
                    "Nothing was done: choose fewer, or narrow the list."
                )
                % {"count": count, "most": MAX_BATCH},
            )
            return None
        return self._confirmation(request, chosen, decision, back=request.GET.urlencode())

    def _confirmation(
        self, request: HttpRequest, chosen: PendingResponseQuerySet, decision: str, *, back: str
    ) -> HttpResponse:
        listed = choices(list(chosen), decision)
        title = _("Approve these replies?") if decision == APPROVE else _("Reject these replies?")
        return self._page(
            request,
            "sandbox/bulk.html",
            title,
            decision=decision,
            choices=listed,
            decidable=sum(not choice.why_not for choice in listed),
            reasons=RejectionReason.objects.filter(is_offered=True) if decision == REJECT else [],
            reason_limit=MAX_REASON_LENGTH,
            back=back,
        )

    def _reject(self, request: HttpRequest, shown: list[tuple[int, int]]) -> HttpResponse:
        own_words = request.POST.get("own_words", "").strip()
        reason = own_words or request.POST.get("reason", "").strip()
        if not reason or len(reason) > MAX_REASON_LENGTH:
            messages.error(request, _("Choose a reason or write your own; nothing was done."))
            again = as_cards(PendingResponse.objects.filter(pk__in=[pk for pk, _version in shown]))
            return self._confirmation(request, again.by_urgency(), REJECT, back=_back(request))
        actor = Actor.from_user(request.user)
        return self._done(request, REJECT, review.reject_many(shown=shown, actor=actor, reason=reason))

    def _done(
        self,
        request: HttpRequest,
        decision: str,
        outcome: tuple[list[PendingResponse], list[review.Skipped]],
    ) -> HttpResponse:
        decided, skipped = outcome
        request.session[OUTCOME] = {
            "decision": decision,
            "decided": len(decided),
            "skipped": [[each.response_id, each.reason] for each in skipped],
            "back": _back(request),
        }
        return HttpResponseRedirect(reverse("admin:sandbox_pendingresponse_bulk_done"))

    def _page(self, request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "title": title}
        return TemplateResponse(request, template, {**shared, **context})

    def _to_queue(self) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:sandbox_pendingresponse_changelist"))


def _back(request: HttpRequest) -> str:
    """The filters of the list that people came from, as a query string and nothing else."""
    return QueryDict(request.POST.get("back", "")).urlencode()
