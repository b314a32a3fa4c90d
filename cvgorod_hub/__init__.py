"""The composition root: settings, urls, Celery and the commands that tie the rooms together."""

from cvgorod_hub.celery import app as celery_app

__all__ = ["celery_app"]
