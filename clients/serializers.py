"""What the API says about people."""

from typing import Any

from rest_framework import serializers

from cvgorod_hub.api.rows import RowSerializer


class ClientRow(RowSerializer):
    id = serializers.IntegerField(help_text="Telegram's number of the person.")
    username = serializers.CharField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    role = serializers.CharField(source="role.role_name")
    first_seen = serializers.DateTimeField(source="first_here")
    last_seen = serializers.DateTimeField(source="last_here")
    messages_count = serializers.IntegerField()


class ActiveClientsBody(serializers.Serializer[Any]):
    active_clients = serializers.IntegerField(help_text="Clients who wrote at least once.")
    days = serializers.IntegerField()
