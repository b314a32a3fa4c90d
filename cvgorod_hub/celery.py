"""Celery: the nudge, never the truth. Every task can be lost; a sweep finds its work again."""

import os
import threading
from typing import Any

from celery import Celery
from celery.bootsteps import StartStopStep
from celery.signals import after_task_publish, beat_init, worker_ready
from celery.worker import WorkController
from django.conf import settings
from django.utils.module_loading import import_string

from cvgorod_hub import environment
from cvgorod_hub.common import heartbeat

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cvgorod_hub.settings")
environment.load()

app = Celery("cvgorod_hub")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["cvgorod_hub.api.hooks", "bots.voice", "cvgorod_hub.privacy"])  # within rooms


class WorkerHeartbeat(StartStopStep):
    """Marks that the loop turns which takes tasks from Redis; it stands still while Redis is away."""

    requires = ("celery.worker.components:Timer",)
    every_seconds = 5.0

    def start(self, parent: WorkController) -> None:
        timer: Any = parent.timer  # celery-types knows no method of it
        timer.call_repeatedly(self.every_seconds, heartbeat.mark)


app.steps["worker"].add(WorkerHeartbeat)


@beat_init.connect
def show_heartbeat(**_kwargs: object) -> None:
    """Beat works as long as it hands tasks over to Redis."""
    after_task_publish.connect(_mark_heartbeat)


def _mark_heartbeat(**_kwargs: object) -> None:
    heartbeat.mark()


@worker_ready.connect
def warm_up(**_kwargs: object) -> None:
    """Import what sends replies beside the work: it takes seconds, and the first approval shall not wait."""
    threading.Thread(target=import_string, args=[settings.SANDBOX_TRANSPORT], daemon=True).start()
