"""Viewers came with less than they need: they see everything that managers work with, and change nothing."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

VIEWERS = "Наблюдатели"
SEEN = {
    "clients": ["view_userrole"],
    "intents": ["view_messagepattern", "view_reclassification"],
}


def grant(apps, schema_editor):
    # A group that somebody renamed or deleted stays as they made it.
    group = apps.get_model("auth", "Group").objects.filter(name=VIEWERS).first()
    for room, names in SEEN.items():
        # Permissions are made after all migrations; this group needs them now.
        create_permissions(installed.get_app_config(room), verbosity=0, apps=apps)
        permissions = apps.get_model("auth", "Permission").objects.filter(content_type__app_label=room)
        if group is not None:
            group.permissions.add(*permissions.filter(codename__in=names))


class Migration(migrations.Migration):
    dependencies = [("hub", "0008_recordings_for_groups")]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
