"""Reading the sandbox."""

from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from sandbox.models import PendingResponse


class PendingResponseQuerySet(models.QuerySet["PendingResponse"]):
    pass
