"""Celery: the nudge, never the truth. Every task can be lost; a sweep finds its work again."""

import os

from celery import Celery

from cvgorod_hub import environment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cvgorod_hub.settings")
environment.load()

app = Celery("cvgorod_hub")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
