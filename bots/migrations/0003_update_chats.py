"""The chat of a raw update; and whose numbering the stored messages' numbers stand in.

Until now one bot collected, so it is the one that numbered what private chats and basic groups hold.
"""

from django.db import migrations, models

NUMBER_BY_THE_BOT = """
UPDATE messages SET numbered_by = bot.id
FROM chats, (SELECT min(id) AS id FROM telegram_bots) AS bot
WHERE chats.id = messages.chat_id AND bot.id IS NOT NULL
  AND chats.chat_type IN ('private', 'group')
  AND messages.telegram_message_id IS NOT NULL AND messages.business_connection_id = ''
"""


class Migration(migrations.Migration):
    dependencies = [
        ("bots", "0002_approval_cards"),
        ("messaging", "0005_message_numbering"),
    ]

    operations = [
        migrations.AddField(
            model_name="rawupdate",
            name="chat_id",
            field=models.BigIntegerField(null=True, verbose_name="chat"),
        ),
        migrations.AlterField(
            model_name="rawupdate",
            name="parse_state",
            field=models.CharField(
                choices=[
                    ("pending", "waiting"),
                    ("parsed", "stored as a message"),
                    ("ignored", "nothing to store"),
                    ("failed", "could not be read"),
                    ("dismissed", "could not be read, set aside by a person"),
                ],
                default="pending",
                max_length=16,
                verbose_name="state",
            ),
        ),
        migrations.RunSQL(NUMBER_BY_THE_BOT, migrations.RunSQL.noop),
    ]
