"""Celery: the nudge, never the truth. Every task can be lost; a sweep finds its work again."""

import os
import threading

from celery import Celery
from celery.signals import worker_ready
from django.conf import settings
from django.utils.module_loading import import_string

from cvgorod_hub import environment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cvgorod_hub.settings")
environment.load()

app = Celery("cvgorod_hub")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["cvgorod_hub.api.hooks", "bots.voice"])  # within rooms


@worker_ready.connect
def warm_up(**_kwargs: object) -> None:
    """Import what sends replies beside the work: it takes seconds, and the first approval shall not wait."""
    threading.Thread(target=import_string, args=[settings.SANDBOX_TRANSPORT], daemon=True).start()
