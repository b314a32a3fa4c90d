"""Directors hand a person's data over; to erase it is for administrators, as nothing brings it back."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

VIEW = ("view_erasure", "export_person")
GRANTED = {"Директора": VIEW, "Администраторы": (*VIEW, "erase_person")}


def grant(apps, schema_editor):
    # Permissions are made after all migrations; these groups need them now.
    create_permissions(installed.get_app_config("hub"), verbosity=0, apps=apps)
    permissions = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="hub")
    by_name = {permission.codename: permission for permission in permissions}
    # A group that somebody renamed or deleted stays as they made it.
    for group in apps.get_model("auth", "Group").objects.filter(name__in=GRANTED):
        group.permissions.add(*(by_name[name] for name in GRANTED[group.name]))


class Migration(migrations.Migration):
    dependencies = [("hub", "0012_erasures")]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
