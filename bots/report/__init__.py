"""What was collected, day by day and chat by chat, and whether it adds up (`manage.py hub_report`)."""
