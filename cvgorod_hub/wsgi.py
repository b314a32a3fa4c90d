"""The WSGI entry of the web process."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from cvgorod_hub import environment
from cvgorod_hub.common.redaction import redact_uncaught

redact_uncaught()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cvgorod_hub.settings")
environment.load()

try:
    application = get_wsgi_application()
except ImproperlyConfigured as error:
    sys.exit(f"error: {error}")

from messaging.search import expansion  # noqa: E402  (once Django is set up)

# Else the first search of each process would wait for the dictionary.
expansion.load()
