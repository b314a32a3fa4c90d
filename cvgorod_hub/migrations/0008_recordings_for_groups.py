"""Recordings came after the groups: whoever reads messages sees them, whoever answers corrects their words."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

VIEW = ("view_recording", "view_transcriptversion")
GRANTED = {
    "Наблюдатели": VIEW,
    "Менеджеры": (*VIEW, "change_recording"),
    "Директора": (*VIEW, "change_recording"),
    "Администраторы": (*VIEW, "change_recording"),
}


def grant(apps, schema_editor):
    # Permissions are made after all migrations; these groups need them now.
    for room in ("messaging", "bots"):
        create_permissions(installed.get_app_config(room), verbosity=0, apps=apps)
    permissions = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="messaging")
    by_name = {permission.codename: permission for permission in permissions}
    # A group that somebody renamed or deleted stays as they made it.
    for group in apps.get_model("auth", "Group").objects.filter(name__in=GRANTED):
        group.permissions.add(*(by_name[name] for name in GRANTED[group.name]))


class Migration(migrations.Migration):
    dependencies = [
        ("hub", "0007_corrections_for_groups"),
        ("messaging", "0010_recordings"),
        ("bots", "0007_voice"),
    ]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
