"""Administrators see who was refused at the login, and let them try again."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

ADMINISTRATORS = "Администраторы"
NAMES = ("view_loginattempt", "delete_loginattempt")


def grant(apps, schema_editor):
    # Permissions are made after all migrations; this group needs them now.
    create_permissions(installed.get_app_config("staff"), verbosity=0, apps=apps)
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="staff", codename__in=NAMES
    )
    # A group that somebody renamed or deleted stays as they made it.
    for group in apps.get_model("auth", "Group").objects.filter(name=ADMINISTRATORS):
        group.permissions.add(*permissions)


class Migration(migrations.Migration):
    dependencies = [("hub", "0010_legacy_migrations"), ("staff", "0001_initial")]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
