"""What was spoken: fetched from Telegram, recognised by Yandex SpeechKit, understood like any message."""
