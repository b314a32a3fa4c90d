"""Celery: each task names its queue; tests/test_tasks.py holds every task to one."""

from cvgorod_hub import environment
from cvgorod_hub.settings.servers import REDIS_URL

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 5,
    "socket_connect_timeout": 1,
    # A nudge is worth one try: with Redis away nobody's click shall wait for it.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Said outright, or Celery warns whenever Redis goes away; no task here is acknowledged late.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_TIMEZONE = "UTC"
CELERY_TASK_ROUTES = {
    "cvgorod_hub.api.tasks.*": {"queue": "default"},
    "cvgorod_hub.staff.tasks.*": {"queue": "default"},
    "bots.tasks.*": {"queue": "default"},
    "bots.voice.tasks.*": {"queue": "voice"},
    "sandbox.tasks.*": {"queue": "delivery"},
    "intents.tasks.*": {"queue": "classify"},
    "messaging.tasks.*": {"queue": "webhooks"},
    "cvgorod_hub.api.hooks.tasks.*": {"queue": "webhooks"},
    "cvgorod_hub.privacy.tasks.*": {"queue": "default"},
}
CELERY_BEAT_SCHEDULER = "cvgorod_hub.watching.workers.WatchedScheduler"
CELERY_BEAT_SCHEDULE_FILENAME = str(environment.data_dir() / "celerybeat-schedule")
# The sweeps: each finds what a lost task, a crash or an outage left behind.
# A sweep that no worker took before the next one is due is not kept for later.
_SWEEPS = {
    "sandbox.tasks.deliver_due_responses": 5,
    "sandbox.tasks.settle_interrupted_sends": 15,
    "sandbox.tasks.expire_responses": 30,
    "bots.tasks.parse_pending_updates": 15,
    "bots.tasks.delete_old_updates": 600,
    "bots.tasks.settle_presses": 5,
    "bots.tasks.show_cards": 3,
    "bots.tasks.check_bot": 120,
    "bots.tasks.send_daily_report": 60,
    "bots.voice.tasks.fetch_recordings": 10,
    "bots.voice.tasks.recognise_recordings": 5,
    "bots.voice.tasks.tend_recordings": 60,
    "cvgorod_hub.api.tasks.delete_old_usage": 3600,
    "cvgorod_hub.staff.tasks.delete_old_login_attempts": 3600,
    "intents.tasks.classify_missed_messages": 60,
    "intents.tasks.classify_unsure_messages": 10,
    "intents.tasks.follow_time_zone": 60,
    "intents.tasks.reclassify_messages": 15,
    "messaging.tasks.announce_messages": 3,
    "cvgorod_hub.api.hooks.tasks.deliver_webhooks": 3,
    "cvgorod_hub.api.hooks.tasks.delete_old_webhook_deliveries": 600,
    "cvgorod_hub.privacy.tasks.go_on_erasing": 60,
    "cvgorod_hub.privacy.tasks.forget_what_is_old": 600,
}
CELERY_BEAT_SCHEDULE = {
    task: {"task": task, "schedule": seconds, "options": {"expires": seconds}}
    for task, seconds in _SWEEPS.items()
}
