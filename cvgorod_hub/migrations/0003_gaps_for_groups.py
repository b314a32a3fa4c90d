"""Gaps in collecting and the bots' places in chats came after the groups: who sees the bots sees them too."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

SEEN = {
    "Директора": [
        "view_collectiongap",
        "change_collectiongap",
        "view_botmembership",
        "change_botmembership",
    ],
    "Администраторы": [
        f"{action}_{model}"
        for action in ("add", "change", "delete", "view")
        for model in ("collectiongap", "botmembership")
    ],
}


def grant(apps, schema_editor):
    # Permissions are made after all migrations; these groups need them now.
    create_permissions(installed.get_app_config("bots"), verbosity=0, apps=apps)
    permissions = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="bots")
    # A group that somebody renamed or deleted stays as they made it.
    for group in apps.get_model("auth", "Group").objects.filter(name__in=SEEN):
        group.permissions.add(*permissions.filter(codename__in=SEEN[group.name]))


class Migration(migrations.Migration):
    dependencies = [("hub", "0002_cards_for_groups"), ("bots", "0004_collecting_watched")]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
