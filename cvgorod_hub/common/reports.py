"""What Django tells of an error: the page of `DJANGO_DEBUG`, and mails, with nothing that must not be read.

Django hides settings and variables by their names. That leaves addresses with a password in them, and
whatever stands in the text of an exception, in a variable's value or in a line of the source.
"""

import re

from django.utils.safestring import SafeString, mark_safe
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from cvgorod_hub.common.redaction import redact


class HiddenSettings(SafeExceptionReporterFilter):
    """Hides addresses of servers as well as what Django hides."""

    hidden_settings = re.compile(
        SafeExceptionReporterFilter.hidden_settings.pattern + r"|_URL$|BROKER|LOCATION|HTTP_X_API_KEY",
        flags=re.IGNORECASE,
    )


class RedactingReporter(ExceptionReporter):
    def get_traceback_html(self) -> SafeString:
        return mark_safe(redact(super().get_traceback_html()))  # noqa: S308  (escaped by Django's template)

    def get_traceback_text(self) -> SafeString:
        return mark_safe(redact(super().get_traceback_text()))  # noqa: S308  (no markup)
