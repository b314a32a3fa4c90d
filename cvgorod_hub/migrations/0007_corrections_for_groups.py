"""Correcting and classifying anew came after the groups: who decides on replies may do both."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.models import Q

CORRECT = Q(codename="correct_messageanalysis")
RECLASSIFY = Q(codename__in=["view_reclassification", "add_reclassification"])
EVERYTHING = CORRECT | Q(content_type__model__in=["reclassification", "analysiscorrection"])
GROUPS = {
    "Менеджеры": CORRECT | RECLASSIFY,
    "Директора": CORRECT | RECLASSIFY,
    "Администраторы": EVERYTHING,
}


def grant(apps, schema_editor):
    # Permissions are made after all migrations; these groups need them now.
    create_permissions(installed.get_app_config("intents"), verbosity=0, apps=apps)
    permissions = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="intents")
    # A group that somebody renamed or deleted stays as they made it.
    for group in apps.get_model("auth", "Group").objects.filter(name__in=GROUPS):
        group.permissions.add(*permissions.filter(GROUPS[group.name]))


class Migration(migrations.Migration):
    dependencies = [
        ("hub", "0006_model_for_groups"),
        ("intents", "0008_corrections_and_reclassifications"),
    ]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
