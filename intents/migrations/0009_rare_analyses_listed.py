"""Lists of what few analyses say: other moods than the neutral one, what the model or a person said."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('intents', '0008_corrections_and_reclassifications'),
        ('messaging', '0011_corrections_in_the_feed'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='messageanalysis',
            index=models.Index(condition=models.Q(('source', 'pattern'), _negated=True), fields=['source', 'message'], name='analysis_rare_sources'),
        ),
        migrations.AddIndex(
            model_name='messageanalysis',
            index=models.Index(condition=models.Q(('sentiment', 'neutral'), _negated=True), fields=['sentiment', 'message'], name='analysis_rare_sentiments'),
        ),
    ]
