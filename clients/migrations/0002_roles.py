from django.db import migrations

# role_name, display_name, description, is_staff, is_bot, exclude_from_analytics
ROLES = [
    ("admin", "Администратор", "Владелец группы и системы.", True, False, True),
    ("director", "Директор", "Руководит отделом; видит статистику и журнал.", True, False, True),
    ("manager", "Менеджер", "Отвечает клиентам.", True, False, True),
    ("broadcast_bot", "Бот рассылки", "Пишет всем группам одно и то же.", False, True, True),
    ("assistant_bot", "Бот-помощник", "Отправляет одобренные ответы.", False, True, True),
    ("client", "Клиент", "Сотрудник компании-клиента. Роль каждого нового человека.", False, False, False),
]


def seed(apps, schema_editor):
    UserRole = apps.get_model("clients", "UserRole")
    for name, display_name, description, is_staff, is_bot, excluded in ROLES:
        UserRole.objects.get_or_create(
            role_name=name,
            defaults={
                "display_name": display_name,
                "description": description,
                "is_staff": is_staff,
                "is_bot": is_bot,
                "exclude_from_analytics": excluded,
            },
        )


class Migration(migrations.Migration):
    dependencies = [("clients", "0001_initial")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
