"""The model's settings came after the groups: who sets the house rules sets what the model may cost."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

ADMINISTRATORS = "Администраторы"
DIRECTORS = "Директора"
MODELS = ("modelsettings", "modelstate", "modelusage", "modelrequest")
OF_DIRECTORS = ("view_modelsettings", "change_modelsettings")


def grant(apps, schema_editor):
    # Permissions are made after all migrations; these groups need them now.
    create_permissions(installed.get_app_config("intents"), verbosity=0, apps=apps)
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="intents", content_type__model__in=MODELS
    )
    groups = apps.get_model("auth", "Group").objects
    # A group that somebody renamed or deleted stays as they made it.
    for group in groups.filter(name=ADMINISTRATORS):
        group.permissions.add(*permissions)
    for group in groups.filter(name=DIRECTORS):
        group.permissions.add(*permissions.filter(codename__in=OF_DIRECTORS))


class Migration(migrations.Migration):
    dependencies = [("hub", "0005_webhooks_for_groups"), ("intents", "0007_model_settings_and_usage")]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
