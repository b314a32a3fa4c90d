"""What people correct, written once by the database's own word; and runs that classify messages anew."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


# A deleted account leaves the log (SET NULL); nothing else ever changes in it.
IMMUTABLE = """
CREATE FUNCTION refuse_to_change_corrections() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.actor_user_id IS NULL
        AND to_jsonb(NEW) - 'actor_user_id' = to_jsonb(OLD) - 'actor_user_id'
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the log of corrections is never changed' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER analysis_corrections_immutable BEFORE UPDATE OR DELETE ON analysis_corrections
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_corrections();
"""
MUTABLE = """
DROP TRIGGER analysis_corrections_immutable ON analysis_corrections;
DROP FUNCTION refuse_to_change_corrections();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('intents', '0007_model_settings_and_usage'),
        ('messaging', '0011_corrections_in_the_feed'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='messageanalysis',
            options={'ordering': ['-message_id'], 'permissions': [('correct_messageanalysis', 'Can correct what a message means')], 'verbose_name': 'analysis', 'verbose_name_plural': 'analyses'},
        ),
        migrations.AddField(
            model_name='messageanalysis',
            name='entities_version',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.CreateModel(
            name='Reclassification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('by', models.CharField(choices=[('patterns', 'patterns'), ('model', 'model')], max_length=16, verbose_name='classified by')),
                ('chosen', models.CharField(help_text='In words.', max_length=300, verbose_name='what was chosen')),
                ('key', models.CharField(editable=False, max_length=64)),
                ('state', models.CharField(choices=[('running', 'running'), ('done', 'done'), ('cancelled', 'cancelled')], default='running', max_length=16, verbose_name='state')),
                ('total', models.PositiveIntegerField(default=0, verbose_name='messages')),
                ('done', models.PositiveIntegerField(default=0, verbose_name='done')),
                ('kept', models.PositiveIntegerField(default=0, help_text='Of these: what a person decided stays.', verbose_name="left to people's word")),
                ('actor_name', models.CharField(max_length=150, verbose_name='started by')),
                ('cancelled_by', models.CharField(blank=True, default='', max_length=150, verbose_name='cancelled by')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='started')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='finished')),
                ('actor_user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='account')),
            ],
            options={
                'verbose_name': 'reclassification',
                'verbose_name_plural': 'reclassifications',
                'db_table': 'reclassifications',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='ReclassificationItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message_id', models.BigIntegerField()),
                ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='items', to='intents.reclassification')),
            ],
            options={
                'db_table': 'reclassification_items',
            },
        ),
        migrations.CreateModel(
            name='AnalysisCorrection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('corrected', 'corrected'), ('confirmed', 'right as it was'), ('taken_back', 'taken back')], max_length=16, verbose_name='what happened')),
                ('fields', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('intent', 'intent'), ('sentiment', 'sentiment'), ('is_urgent', 'urgency'), ('entities', 'what it is about')], max_length=16), blank=True, default=list, size=None, verbose_name='about')),
                ('text', models.TextField(blank=True, default='', verbose_name='text')),
                ('sender_role', models.CharField(editable=False, max_length=32)),
                ('intent_before', models.CharField(choices=[('order', 'Order'), ('question', 'Question'), ('interest', 'Interest'), ('complaint', 'Complaint'), ('confirmation', 'Confirmation'), ('broadcast', 'Mailing'), ('other', 'Other')], max_length=16, verbose_name='intent before')),
                ('sentiment_before', models.CharField(choices=[('positive', 'Positive'), ('neutral', 'Neutral'), ('negative', 'Negative')], max_length=16, verbose_name='sentiment before')),
                ('is_urgent_before', models.BooleanField(verbose_name='urgent before')),
                ('entities_before', models.JSONField(blank=True, default=list, verbose_name='about before')),
                ('source_before', models.CharField(max_length=16, verbose_name='said by before')),
                ('model_before', models.CharField(blank=True, default='', max_length=100, verbose_name='model before')),
                ('prompt_version_before', models.CharField(blank=True, default='', max_length=32, verbose_name='prompt version before')),
                ('confidence_before', models.FloatField(verbose_name='confidence before')),
                ('pattern_before', models.BigIntegerField(blank=True, editable=False, null=True)),
                ('pattern_name_before', models.CharField(blank=True, default='', max_length=100, verbose_name='pattern before')),
                ('intent', models.CharField(choices=[('order', 'Order'), ('question', 'Question'), ('interest', 'Interest'), ('complaint', 'Complaint'), ('confirmation', 'Confirmation'), ('broadcast', 'Mailing'), ('other', 'Other')], max_length=16, verbose_name='intent')),
                ('sentiment', models.CharField(choices=[('positive', 'Positive'), ('neutral', 'Neutral'), ('negative', 'Negative')], max_length=16, verbose_name='sentiment')),
                ('is_urgent', models.BooleanField(verbose_name='urgent')),
                ('entities', models.JSONField(blank=True, default=list, verbose_name='what it is about')),
                ('actor_name', models.CharField(max_length=150, verbose_name='who')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='when')),
                ('actor_user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='account')),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='corrections', to='messaging.message', verbose_name='message')),
            ],
            options={
                'verbose_name': 'correction',
                'verbose_name_plural': 'corrections',
                'db_table': 'analysis_corrections',
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['created_at', 'id'], name='corrections_created')],
            },
        ),
        migrations.AddConstraint(
            model_name='reclassification',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'running')), fields=('by', 'key'), name='reclassifications_once_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='reclassificationitem',
            constraint=models.UniqueConstraint(fields=('run', 'message_id'), name='reclassification_items_once'),
        ),
        migrations.RunSQL(IMMUTABLE, MUTABLE),
    ]
