"""The link of a list that downloads all that is filtered, as CSV."""

import logging
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from unfold.admin import ModelAdmin

from cvgorod_hub.common.database import session_connection
from cvgorod_hub.common.lists.csv import Column, write_csv
from cvgorod_hub.common.lists.words import filters_in_words

if TYPE_CHECKING:
    from django.db.models import Model

logger = logging.getLogger(__name__)

ROWS_FETCHED = 2000
LONGEST_NAME = 120
# No file system of a reader's machine takes these in a name.
_UNNAMEABLE = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')


class ExportMixin(ModelAdmin):  # type: ignore[misc]  # unfold carries no types
    """Adds `…/export/`, with the list's own filters; whoever may see the list may download it."""

    export_columns: Sequence[Column] = ()

    def get_urls(self) -> list[URLPattern]:
        if not self.export_columns:
            return list(super().get_urls())
        view = require_safe(self.admin_site.admin_view(self.export_view))
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        return [path("export/", view, name=name), *super().get_urls()]

    def export_rows(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """What the columns need; the list's own query by itself."""
        return rows

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Everything that the list is filtered to, in its order."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            shown = self.get_changelist_instance(request)
        except IncorrectLookupParameters as error:
            raise Http404 from error
        words = filters_in_words(shown)
        log_export(request, self.model, words)
        pieces = stream(
            self.export_rows(shown.queryset),
            self.export_columns,
            language=get_language() or "ru",
            label=f"{self.opts.label_lower} by user {request.user.pk}",
        )
        response = StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8")
        name = file_name(str(self.opts.verbose_name_plural), words)
        response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
        # A proxy would gather the file before it passes it on.
        response["X-Accel-Buffering"] = "no"
        return response


def stream(rows: QuerySet[Any], columns: Sequence[Column], *, language: str, label: str) -> Iterator[bytes]:
    """The file, as a cursor of the server yields its rows.

    In a transaction of its own, or PostgreSQL would put the whole result aside first; it reads only, so
    nobody waits for it, nor does the feed of changes. Past a pooler, for which Django has no such cursors: a
    million rows would be fetched at once.
    """
    count = 0
    database = session_connection().alias

    def counted() -> Iterator[Any]:
        nonlocal count
        for row in rows.using(database).iterator(chunk_size=ROWS_FETCHED):
            count += 1
            yield row

    with transaction.atomic(using=database):
        yield from write_csv(columns, counted(), language=language)
    logger.info("exported list=%s rows=%d", label, count)


def log_export(request: HttpRequest, model: "type[Model]", words: str) -> None:
    """Into the admin's own log of who did what, before the first row leaves."""
    LogEntry.objects.create(
        user_id=str(request.user.pk),
        content_type=ContentType.objects.get_for_model(model, for_concrete_model=False),
        object_id=None,
        object_repr=str(model._meta.verbose_name_plural)[:200],  # noqa: SLF001  (a documented name)
        action_flag=CHANGE,
        change_message=_("Downloaded as CSV: %(filters)s") % {"filters": words or _("everything")},
    )


def file_name(listed: str, words: str) -> str:
    """What the file holds, as a name that every system takes."""
    moment = f"{timezone.localtime():%Y-%m-%d %H%M}"
    said = _UNNAMEABLE.sub(" ", f"{listed} {words}".strip())
    return f"{' '.join(said.split())[:LONGEST_NAME].strip('. ')} {moment}.csv"
