"""People of the staff, by the groups that the migration makes, and where they work."""

from django.contrib.auth.models import Group, User
from django.test import Client

QUEUE = "admin:sandbox_pendingresponse_changelist"


def member(group: str) -> Client:
    """The browser of somebody who is in this group and named after it."""
    user = User.objects.create_user(group, is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    return client
