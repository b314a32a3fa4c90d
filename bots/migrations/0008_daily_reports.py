"""The daily report by mail and in Telegram, once a day and way."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('bots', '0007_voice'),
    ]

    operations = [
        migrations.CreateModel(
            name='DailyReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='day')),
                ('way', models.CharField(choices=[('mail', 'mail'), ('telegram', 'Telegram')], max_length=8, verbose_name='way')),
                ('told_until', models.DateTimeField(null=True, verbose_name='tells until')),
                ('claimed_until', models.DateTimeField(editable=False, null=True)),
                ('next_try_at', models.DateTimeField(null=True, verbose_name='next try')),
                ('attempts', models.PositiveIntegerField(default=0, verbose_name='attempts')),
                ('sent_at', models.DateTimeField(null=True, verbose_name='sent')),
                ('last_error', models.CharField(blank=True, default='', max_length=300, verbose_name='last error')),
                ('is_refused', models.BooleanField(default=False)),
            ],
            options={
                'verbose_name': 'daily report',
                'verbose_name_plural': 'daily reports',
                'db_table': 'daily_reports',
                'ordering': ['-day', 'way'],
                'constraints': [models.UniqueConstraint(fields=('day', 'way'), name='daily_reports_once')],
            },
        ),
    ]
