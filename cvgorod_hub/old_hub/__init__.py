"""What the hub before this one knew, brought over (`manage.py migrate_from_old`). It is only read."""
