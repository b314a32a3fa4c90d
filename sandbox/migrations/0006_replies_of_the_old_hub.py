"""Replies that the hub before this one knew: told by their old key, and never sent by this one."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sandbox', '0005_replies_searched'),
    ]

    operations = [
        migrations.AddField(
            model_name='pendingresponse',
            name='old_id',
            field=models.BigIntegerField(editable=False, null=True),
        ),
        migrations.AddConstraint(
            model_name='pendingresponse',
            constraint=models.UniqueConstraint(condition=models.Q(('old_id__isnull', False)), fields=('old_id',), name='pending_responses_old_id'),
        ),
        migrations.AddConstraint(
            model_name='pendingresponse',
            constraint=models.CheckConstraint(condition=models.Q(('old_id__isnull', True), ('status__in', ['sent', 'failed', 'rejected', 'expired']), _connector='OR'), name='pending_responses_old_ones_are_over'),
        ),
    ]
