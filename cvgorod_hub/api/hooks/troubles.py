"""Why something was not delivered, in words that people read."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cvgorod_hub.common.external import ExternalServiceError


class Trouble(models.TextChoices):
    """Kept by code, shown in the reader's language; `detail` beside it says what it was about."""

    URL = "url", _("this is not an address such as https://agent.example.com/hooks")
    SCHEME = "scheme", _("only https:// is taken; http:// within the allowed networks")
    PORT = "port", _("this port is not taken: 443, 80 within the allowed networks, or 1024 and higher")
    UNRESOLVED = "unresolved", _("the name of the host leads nowhere")
    PRIVATE = "private", _("the address is not a public one, and not in WEBHOOK_ALLOWED_NETWORKS")
    UNREACHABLE = "unreachable", _("no connection")
    TLS = "tls", _("the certificate or the TLS handshake was refused")
    TIMEOUT = "timeout", _("no answer in time")
    BROKEN = "broken", _("the connection broke off before an answer")
    STATUS = "status", _("the answer was no 2xx")
    REDIRECT = "redirect", _("the answer was a redirect, which is not followed")
    GONE = "gone", _("the endpoint says that it is gone (410)")
    SECRET_LOST = "secret_lost", _("DJANGO_SECRET_KEY is another one now: make a new signing secret")
    FAILING = "failing", _("nothing has arrived for three days")


class HookError(ExternalServiceError):
    """A delivery did not arrive. `trouble` says why, `detail` about what."""

    def __init__(self, trouble: Trouble, detail: str = "") -> None:
        super().__init__(f"{trouble.value}: {detail}" if detail else trouble.value)
        self.trouble = trouble
        self.detail = detail
