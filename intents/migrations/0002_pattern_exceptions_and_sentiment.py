import django.contrib.postgres.fields
import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('intents', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='messagepattern',
            name='except_patterns',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, default=list, help_text='Words and phrases that silence this pattern.', size=None, verbose_name='but not with'),
        ),
        migrations.AddField(
            model_name='messagepattern',
            name='sentiment',
            field=models.CharField(blank=True, choices=[('positive', 'Positive'), ('neutral', 'Neutral'), ('negative', 'Negative')], default='', help_text='The mood that a match speaks for; empty for none.', max_length=16, verbose_name='sentiment'),
        ),
        migrations.AlterField(
            model_name='messagepattern',
            name='weight',
            field=models.FloatField(default=1.0, help_text='How strongly a match speaks for the intent; 1 is usual, 0 only marks mood or urgency.', validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(10.0)], verbose_name='weight'),
        ),
    ]
