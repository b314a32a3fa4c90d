"""One reply in the admin: the conversation, the draft beside it, and what a person decides there."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from cvgorod_hub.common.admin import ReadOnlyAdmin
from sandbox.actors import REVIEW_PERMISSION, Actor
from sandbox.admin.decisions import CLOSING, decide
from sandbox.admin.neighbours import next_after, place_in, queue_ids
from sandbox.admin.page_context import find_response, page_context, preview_context
from sandbox.errors import SandboxError
from sandbox.models import PendingResponse


class ReviewPage(ReadOnlyAdmin):
    """The change view of PendingResponseAdmin."""

    def get_urls(self) -> list[URLPattern]:
        preview = self.admin_site.admin_view(self.preview_view)
        return [
            path("<int:response_id>/preview/", preview, name="sandbox_pendingresponse_preview"),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        response = find_response(object_id)
        if response is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, response):
            raise PermissionDenied
        if request.method == "POST":
            return self._decide_on(request, response)
        return self._show_reply(request, response, extra_context)

    def preview_view(self, request: HttpRequest, response_id: int) -> HttpResponse:
        """A fragment: how what is being typed differs from the agent's words, and when it would go out."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        response = get_object_or_404(PendingResponse.objects.select_related("chat"), pk=response_id)
        return render(request, "sandbox/review_preview.html", preview_context(response, request.POST))

    def _decide_on(self, request: HttpRequest, response: PendingResponse) -> HttpResponse:
        """Carry out what was posted and go on, or show the page again with the reason and what was typed."""
        if not request.user.has_perm(REVIEW_PERMISSION):
            raise PermissionDenied
        before = queue_ids(request, self.get_changelist_instance)
        try:
            done = decide(response=response, actor=Actor.from_user(request.user), data=request.POST)
        except SandboxError as error:
            messages.error(request, str(error))
            return self._show_reply(request, find_response(str(response.pk)) or response)
        messages.success(request, done.sentence)
        if done.action not in CLOSING:
            return self._redirect_to(request, response.pk)
        now = queue_ids(request, self.get_changelist_instance)
        return self._redirect_to(request, next_after(before=before, now=now, decided_id=response.pk))

    def _show_reply(
        self, request: HttpRequest, response: PendingResponse, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        place = place_in(queue_ids(request, self.get_changelist_instance), response.pk)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": response.client_name or str(response.chat),
            "is_fullwidth": "1",
            "place": place,
            "previous_url": place.previous_id and self._address_of(request, place.previous_id),
            "next_url": place.next_id and self._address_of(request, place.next_id),
            "list_url": self._address_of(request, None),
            "preview_url": reverse("admin:sandbox_pendingresponse_preview", args=[response.pk]),
            **page_context(response, request),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "sandbox/review.html", context)

    def _redirect_to(self, request: HttpRequest, response_id: int | None) -> HttpResponse:
        return HttpResponseRedirect(self._address_of(request, response_id))

    def _address_of(self, request: HttpRequest, response_id: int | None) -> str:
        """The page of a reply, or the list, with the list's filters."""
        if response_id is None:
            url = reverse("admin:sandbox_pendingresponse_changelist")
        else:
            url = reverse("admin:sandbox_pendingresponse_change", args=[response_id])
        filters = {"preserved_filters": self.get_preserved_filters(request), "opts": self.opts}
        return str(add_preserved_filters(filters, url))
