"""Webhooks in the admin."""

from cvgorod_hub.api.hooks.admin.deliveries import WebhookDeliveryAdmin
from cvgorod_hub.api.hooks.admin.endpoints import WebhookEndpointAdmin

__all__ = ["WebhookDeliveryAdmin", "WebhookEndpointAdmin"]
