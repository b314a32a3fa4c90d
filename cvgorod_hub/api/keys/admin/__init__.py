"""API keys in the admin."""

from cvgorod_hub.api.keys.admin.keys import ApiKeyAdmin

__all__ = ["ApiKeyAdmin"]
