"""The groups of staff accounts and what each may do; people change them in the admin as they like."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

ROOMS = ("api", "clients", "messaging", "intents", "sandbox", "bots")

VIEWER = [
    "clients.view_telegramuser",
    "messaging.view_chat",
    "messaging.view_message",
    "intents.view_messageanalysis",
    "sandbox.view_pendingresponse",
]
MANAGER = [
    *VIEWER,
    "sandbox.review_pendingresponse",
    "messaging.change_chat",
    "clients.change_telegramuser",
    "clients.view_userrole",
    "intents.view_messagepattern",
    "intents.add_messagepattern",
    "intents.change_messagepattern",
    "intents.delete_messagepattern",
]
DIRECTOR = [
    *MANAGER,
    "sandbox.view_responseevent",
    "sandbox.view_sandboxsettings",
    "sandbox.change_sandboxsettings",
    "sandbox.view_rejectionreason",
    "sandbox.add_rejectionreason",
    "sandbox.change_rejectionreason",
    "sandbox.delete_rejectionreason",
    "bots.view_telegrambot",
    "bots.view_rawupdate",
]
GROUPS = {"Наблюдатели": VIEWER, "Менеджеры": MANAGER, "Директора": DIRECTOR}
ADMINISTRATORS = "Администраторы"


def make_groups(apps, schema_editor):
    # Permissions are made after all migrations; these groups need them now.
    for label in (*ROOMS, "auth"):
        create_permissions(installed.get_app_config(label), verbosity=0, apps=apps)
    group = apps.get_model("auth", "Group")
    permissions = apps.get_model("auth", "Permission").objects.select_related("content_type")
    by_name = {f"{p.content_type.app_label}.{p.codename}": p for p in permissions}
    for name, granted in GROUPS.items():
        group.objects.get_or_create(name=name)[0].permissions.add(*(by_name[each] for each in granted))
    everything = [p for name, p in by_name.items() if name.partition(".")[0] in (*ROOMS, "auth")]
    group.objects.get_or_create(name=ADMINISTRATORS)[0].permissions.add(*everything)


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("api", "0001_initial"),
        ("clients", "0001_initial"),
        ("messaging", "0003_reply_mode"),
        ("intents", "0001_initial"),
        ("sandbox", "0003_immutable_log_and_reasons"),
        ("bots", "0001_initial"),
    ]

    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop)]
