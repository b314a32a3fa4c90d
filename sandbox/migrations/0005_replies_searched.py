"""The admin searches all replies that were ever proposed, by their words' index."""

import django.contrib.postgres.indexes
import messaging.search.tokens
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sandbox', '0004_replies_by_people'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='pendingresponse',
            index=django.contrib.postgres.indexes.GinIndex(messaging.search.tokens.WordsVector('client_name', 'response_text'), name='pending_responses_words'),
        ),
        migrations.AddIndex(
            model_name='responseevent',
            index=models.Index(fields=['created_at', 'id'], name='pending_response_events_when'),
        ),
    ]
