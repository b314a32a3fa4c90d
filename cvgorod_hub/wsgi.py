"""The WSGI entry of the web process."""

import os

from django.core.wsgi import get_wsgi_application

from cvgorod_hub import environment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cvgorod_hub.settings")
environment.load()

application = get_wsgi_application()
