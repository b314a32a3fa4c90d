"""How far the old hub's rows have come (manage.py migrate_from_old)."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('hub', '0009_viewers_see_what_managers_work_with'),
    ]

    operations = [
        migrations.CreateModel(
            name='LegacyMigration',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=300)),
                ('state', models.CharField(choices=[('running', 'Running'), ('finished', 'Finished'), ('failed', 'Failed')], default='running', max_length=16)),
                ('checkpoint', models.BigIntegerField(null=True)),
                ('tallies', models.JSONField(default=dict)),
                ('report', models.JSONField(default=dict)),
                ('kept_keys', models.JSONField(default=dict)),
                ('patterns', models.JSONField(default=dict)),
                ('started_at', models.DateTimeField(auto_now_add=True)),
                ('finished_at', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'legacy_migrations',
                'ordering': ['-id'],
                'default_permissions': (),
            },
        ),
    ]
