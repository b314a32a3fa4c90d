"""Language and time."""

from zoneinfo import available_timezones

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from cvgorod_hub import environment

env = environ.Env()

LANGUAGE_CODE: str = env.str("LANGUAGE_CODE", default="ru")
LANGUAGES = [("ru", _("Russian")), ("en", _("English"))]
# The second fills in for django-unfold, which brings no Russian.
LOCALE_PATHS = [
    environment.BASE_DIR / "cvgorod_hub/locale",
    environment.BASE_DIR / "cvgorod_hub/common/unfold_locale",
]
TIME_ZONE: str = env.str("TIME_ZONE", default="Europe/Moscow")
if TIME_ZONE not in available_timezones():
    raise ImproperlyConfigured(f"TIME_ZONE is not a time zone: {TIME_ZONE!r} (one is Europe/Moscow).")
FORMAT_MODULE_PATH = ["cvgorod_hub.formats"]
USE_TZ = True
USE_I18N = True
