"""Webhooks came after the groups: who makes API keys makes them, too."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

ADMINISTRATORS = "Администраторы"
MODELS = ("webhookendpoint", "webhookdelivery", "webhookattempt")


def grant(apps, schema_editor):
    # Permissions are made after all migrations; this group needs them now.
    create_permissions(installed.get_app_config("api"), verbosity=0, apps=apps)
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="api", content_type__model__in=MODELS
    )
    # A group that somebody renamed or deleted stays as they made it.
    for group in apps.get_model("auth", "Group").objects.filter(name=ADMINISTRATORS):
        group.permissions.add(*permissions)


class Migration(migrations.Migration):
    dependencies = [("hub", "0004_imports_for_groups"), ("api", "0003_webhooks")]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
