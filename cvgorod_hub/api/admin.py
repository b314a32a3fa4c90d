"""The ground in the admin: API keys and webhooks."""

from cvgorod_hub.api.hooks.admin import WebhookDeliveryAdmin, WebhookEndpointAdmin
from cvgorod_hub.api.keys.admin import ApiKeyAdmin

__all__ = ["ApiKeyAdmin", "WebhookDeliveryAdmin", "WebhookEndpointAdmin"]
