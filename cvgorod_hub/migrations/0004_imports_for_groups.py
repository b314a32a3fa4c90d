"""Imports of history came after the groups: who sees the gaps in collecting sees what has filled them, too."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

SEES = ("Директора", "Администраторы")


def grant(apps, schema_editor):
    # Permissions are made after all migrations; these groups need this one now.
    create_permissions(installed.get_app_config("messaging"), verbosity=0, apps=apps)
    permission = apps.get_model("auth", "Permission").objects.get(
        content_type__app_label="messaging", codename="view_historyimport"
    )
    # A group that somebody renamed or deleted stays as they made it.
    for group in apps.get_model("auth", "Group").objects.filter(name__in=SEES):
        group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [("hub", "0003_gaps_for_groups"), ("messaging", "0006_history_imports")]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
