"""The worker's part: forgetting refused logins of long ago (queue `default`)."""

from celery import shared_task

from cvgorod_hub.staff.login import retention


@shared_task
def delete_old_login_attempts() -> int:
    return retention.delete_old()
