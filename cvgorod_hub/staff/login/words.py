"""What somebody is told who tries too often."""

import math
from datetime import timedelta

from django.utils.translation import ngettext


def too_many(wait: timedelta) -> str:
    minutes = math.ceil(wait.total_seconds() / 60)
    return ngettext(
        "Too many attempts. Try again in %(count)d minute, in the browser that you always use, or ask an "
        "administrator to let you in.",
        "Too many attempts. Try again in %(count)d minutes, in the browser that you always use, or ask an "
        "administrator to let you in.",
        minutes,
    ) % {"count": minutes}
