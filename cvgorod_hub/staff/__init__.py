"""Staff accounts and groups in the admin, and who in Telegram an account is."""
