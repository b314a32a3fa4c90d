"""/send and /sandbox: thin faces of `sandbox.proposals` and `sandbox.review`."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any

import orjson
from django.db import transaction
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from cvgorod_hub.api.errors import ConflictError
from cvgorod_hub.api.keysets import Keyset
from cvgorod_hub.api.models import Scope
from cvgorod_hub.api.renderers import JsonText
from cvgorod_hub.api.views import HubViewSet, RowListViewSet
from sandbox import examples, review
from sandbox.actors import Actor
from sandbox.batches import batch_progress, withdraw_batch
from sandbox.diff import text_diff
from sandbox.errors import BatchNotFoundError, ChatNotFoundError, InvalidTextError, SandboxError
from sandbox.models import PendingResponse, ResponseEvent
from sandbox.proposals import Proposal, propose, propose_batch
from sandbox.serializers import (
    MAX_IDEMPOTENCY_KEY_LENGTH,
    ApprovalBody,
    AttemptBody,
    BatchBody,
    BatchProgressRow,
    BatchResult,
    EmptyBody,
    EventRow,
    ProposalBody,
    ProposedRow,
    RejectionBody,
    ResponseDetail,
    ResponseRow,
)

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {
        "type": "string",
        "minLength": 1,
        "maxLength": MAX_IDEMPOTENCY_KEY_LENGTH,
        "examples": ["answer-to-1007"],
    },
    OpenApiParameter.HEADER,
    description=(
        "Chosen by the caller, once per reply: the same key and body give the same draft with 200, "
        "another body is a 409."
    ),
)
UUID_PATTERN = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


class SendViewSet(HubViewSet):
    """Proposing; nothing is sent before a person approves."""

    required_scope = Scope.PROPOSE
    queryset = PendingResponse.objects.all()
    serializer_class = ProposalBody
    answers = {"create": examples.PROPOSED, "batch": examples.BATCH}

    @extend_schema(
        operation_id="send",
        summary="Propose a reply",
        parameters=[IDEMPOTENCY_KEY],
        examples=[examples.PROPOSAL_REQUEST],
        responses={201: ProposedRow, 200: ProposedRow, 409: None},
    )
    def create(self, request: Request) -> HttpResponse:
        body = self.read_body(ProposalBody)
        with refusals_as_http():
            proposed = propose(
                proposal=Proposal(**body),
                actor=Actor.from_key(self.key),
                idempotency_key=read_idempotency_key(request),
            )
        # Without DRF's rendering, as a page of rows: agents propose by the thousand.
        return JsonText(
            orjson.dumps(ProposedRow.of(proposed.response)), status=201 if proposed.created else 200
        )

    @extend_schema(
        operation_id="send_batch",
        summary="Propose 1 to 300 replies, all or none",
        parameters=[IDEMPOTENCY_KEY],
        request=BatchBody,
        examples=[examples.BATCH_REQUEST],
        responses={201: BatchResult, 200: BatchResult, 409: None},
    )
    @action(detail=False, methods=["post"])
    def batch(self, request: Request) -> Response:
        body = self.read_body(BatchBody)
        with refusals_as_http():
            drafts, created = propose_batch(
                proposals=[Proposal(**attrs) for attrs in body["messages"]],
                actor=Actor.from_key(self.key),
                idempotency_key=read_idempotency_key(request),
            )
        results = [ProposedRow.of(draft) for draft in drafts]
        batch = {"batch_id": drafts[0].batch_id, "results": results}
        return Response(batch, status=201 if created else 200)


class BatchViewSet(HubViewSet):
    """A batch of the caller's own: how far it is, and taking it back."""

    required_scope = Scope.PROPOSE
    queryset = PendingResponse.objects.all()
    serializer_class = BatchProgressRow
    lookup_value_regex = UUID_PATTERN
    path_help = {"id": ("The `batch_id` of the answer to POST /send/batch.", examples.BATCH_ID)}
    answers = {"retrieve": examples.PROGRESS, "cancel": examples.PROGRESS}

    @extend_schema(summary="How many replies of a batch are in which state")
    def retrieve(self, _request: Request, pk: str) -> Response:
        with refusals_as_http():
            progress = batch_progress(batch_id=uuid.UUID(pk), actor=Actor.from_key(self.key))
        return Response(asdict(progress))

    @extend_schema(
        summary="Take back what of a batch is not being sent yet",
        request=EmptyBody,
        examples=[examples.NOTHING_REQUEST],
    )
    @action(detail=True, methods=["post"])
    def cancel(self, _request: Request, pk: str) -> Response:
        self.read_body(EmptyBody)
        with refusals_as_http():
            progress = withdraw_batch(batch_id=uuid.UUID(pk), actor=Actor.from_key(self.key))
        return Response(asdict(progress))


@extend_schema_view(list=extend_schema(summary="Replies that wait for a person, oldest first"))
class PendingViewSet(RowListViewSet):
    required_scope = Scope.READ
    queryset = PendingResponse.objects.queue().with_staleness()
    serializer_class = ResponseRow
    chat_path = "chat_id"
    answers = {"list": examples.REPLY}
    keysets = {"oldest": Keyset({"created_at": datetime, "id": int}, newest_first=False)}


DECISION = {200: ResponseDetail, 409: None}


class SandboxViewSet(HubViewSet):
    """One reply: what became of it, and a person's decisions by way of a program."""

    required_scope = Scope.READ
    queryset = PendingResponse.objects.with_staleness()
    serializer_class = ResponseDetail
    answers = {
        "retrieve": examples.DETAIL,
        "approve": examples.detail("approved", "approved", **examples.APPROVAL),
        "reject": examples.detail("rejected", "rejected", rejected_reason="The price is from last week."),
        "cancel": examples.detail("cancelled", "cancelled"),
        "retry": examples.detail("approved", "retried", **examples.APPROVAL, attempts=1),
        "mark_sent": examples.detail("sent", "marked_sent", **examples.APPROVAL, attempts=1),
    }

    @extend_schema(summary="A reply with its log")
    def retrieve(self, _request: Request, pk: str) -> Response:
        with refusals_as_http():
            self.refuse_hidden(int(pk))
        return Response(read_detail(int(pk)))

    @extend_schema(
        summary="Approve exactly this text; delivery follows",
        request=ApprovalBody,
        examples=[examples.APPROVE_REQUEST, examples.EDIT_REQUEST],
        responses=DECISION,
    )
    @action(detail=True, methods=["post"], required_scope=Scope.REVIEW)
    def approve(self, _request: Request, pk: str) -> Response:
        return self.decide(review.approve, pk, **self.read_body(ApprovalBody))

    @extend_schema(
        summary="Reject a reply, with a reason",
        request=RejectionBody,
        examples=[examples.REJECT_REQUEST],
        responses=DECISION,
    )
    @action(detail=True, methods=["post"], required_scope=Scope.REVIEW)
    def reject(self, _request: Request, pk: str) -> Response:
        return self.decide(review.reject, pk, **self.read_body(RejectionBody))

    @extend_schema(
        summary="Take back a reply that is not being sent yet",
        request=EmptyBody,
        examples=[examples.NOTHING_REQUEST],
        responses=DECISION,
    )
    @action(detail=True, methods=["post"], required_scope=Scope.REVIEW)
    def cancel(self, _request: Request, pk: str) -> Response:
        return self.decide(review.cancel, pk, **self.read_body(EmptyBody))

    @extend_schema(
        summary="Send again what failed or is unknown",
        request=AttemptBody,
        examples=[examples.ATTEMPT_REQUEST],
        responses=DECISION,
    )
    @action(detail=True, methods=["post"], required_scope=Scope.REVIEW)
    def retry(self, _request: Request, pk: str) -> Response:
        return self.decide(review.retry, pk, **self.read_body(AttemptBody))

    @extend_schema(
        summary="Say that an unknown one was seen to arrive",
        request=AttemptBody,
        examples=[examples.ATTEMPT_REQUEST],
        responses=DECISION,
    )
    @action(detail=True, methods=["post"], required_scope=Scope.REVIEW, url_path="mark-sent")
    def mark_sent(self, _request: Request, pk: str) -> Response:
        return self.decide(review.mark_sent, pk, **self.read_body(AttemptBody))

    def decide(self, decision: Callable[..., PendingResponse], pk: str, **details: Any) -> Response:
        # One transaction, so that the answer shows the decision and not what a quick worker made of it.
        with refusals_as_http(), transaction.atomic():
            self.refuse_hidden(int(pk))
            response = decision(response_id=int(pk), actor=Actor.from_key(self.key), **details)
            row = read_detail(response.pk)
        return Response(row)

    def refuse_hidden(self, response_id: int) -> None:
        """Raises PendingResponse.DoesNotExist for a reply in a chat that the key does not see."""
        chat_ids = self.key.visible_chat_ids()
        if chat_ids is not None:
            PendingResponse.objects.only("pk").get(pk=response_id, chat__in=chat_ids)


def read_detail(response_id: int) -> dict[str, Any]:
    rows = ResponseRow.select(PendingResponse.objects.with_staleness().filter(pk=response_id))
    if not rows:
        raise NotFound("There is no such reply.")
    events = ResponseEvent.objects.filter(response_id=response_id).order_by("id")
    [row] = rows
    diff = text_diff(row["original_text"], row["response_text"])
    return {**row, "diff": [asdict(segment) for segment in diff], "log": EventRow.select(events)}


def read_idempotency_key(request: Request) -> str | None:
    # Of META: `request.headers` would take all headers apart, for each call.
    key: str | None = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is not None and not 1 <= len(key) <= MAX_IDEMPOTENCY_KEY_LENGTH:
        raise ValidationError({"Idempotency-Key": f"Has 1 to {MAX_IDEMPOTENCY_KEY_LENGTH} characters."})
    if key is not None and not (key.isascii() and key.isprintable()):
        # What else a header holds, servers read each in their own way.
        raise ValidationError({"Idempotency-Key": "Holds something else than printable ASCII characters."})
    return key


@contextmanager
def refusals_as_http() -> Iterator[None]:
    """The sandbox's own sentences, under the status that says what kind of refusal it is."""
    try:
        yield
    except InvalidTextError as error:
        raise ValidationError({"text": str(error)}) from None
    except (ChatNotFoundError, BatchNotFoundError) as error:
        raise NotFound(str(error)) from None
    except PendingResponse.DoesNotExist:
        raise NotFound("There is no such reply.") from None
    except SandboxError as error:
        raise ConflictError({"detail": str(error), "code": error.code}) from None
