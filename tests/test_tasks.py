"""Every Celery task has a queue that a worker listens to, and every sweep names a task that exists."""

from django.conf import settings

from cvgorod_hub.celery import app
from cvgorod_hub.runner.commands import QUEUES


def own_tasks() -> set[str]:
    app.loader.import_default_modules()
    return {name for name in app.tasks if not name.startswith("celery.")}


def test_every_task_goes_to_a_queue_of_the_worker() -> None:
    for name in own_tasks():
        room = name.rsplit(".", 1)[0]
        assert f"{room}.*" in settings.CELERY_TASK_ROUTES
        assert app.amqp.router.route({}, name)["queue"].name in QUEUES.split(",")


def test_every_sweep_is_a_task() -> None:
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    assert scheduled <= own_tasks()
