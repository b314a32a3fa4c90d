"""The worker's part: forgetting what keys did long ago (queue `default`)."""

from celery import shared_task

from cvgorod_hub.api.keys import usage


@shared_task
def delete_old_usage() -> int:
    return usage.delete_old()
