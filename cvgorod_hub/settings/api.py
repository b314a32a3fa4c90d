"""The REST API, its schema, and the webhooks to agents."""

import environ

from cvgorod_hub import api_introduction, environment

env = environ.Env()

HUB_API_KEY: str = env.str("HUB_API_KEY", default="")
# What keys do is counted in each process and written so often; 0: only when somebody asks for it (tests).
API_USAGE_WRITTEN_EVERY_SECONDS = 60
# The chats that a key may be limited to (cvgorod_hub/api/chats.py says the shape).
API_CHAT_DIRECTORY = "cvgorod_hub.chat_directory.CHATS"
# Webhooks go to public addresses; beside them to these networks, where http:// is allowed, too.
WEBHOOK_ALLOWED_NETWORKS = environment.networks("WEBHOOK_ALLOWED_NETWORKS")
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["cvgorod_hub.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["cvgorod_hub.api.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["cvgorod_hub.api.renderers.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["cvgorod_hub.api.renderers.OrjsonParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "cvgorod_hub.api.renderers.AlwaysJson",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "cvgorod_hub.api.schema.HubSchema",
    "EXCEPTION_HANDLER": "cvgorod_hub.api.errors.handle",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "cvgorod-hub",
    "DESCRIPTION": api_introduction.DESCRIPTION,
    "TAGS": [{"name": name, "description": text} for name, text in api_introduction.TAGS.items()],
    "SORT_OPERATIONS": "cvgorod_hub.api.schema.sort_calls",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "PREPROCESSING_HOOKS": ["cvgorod_hub.api.schema.drop_optional_slashes"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "cvgorod_hub.api.schema.describe_errors",
    ],
    "COMPONENT_SPLIT_REQUEST": True,
    "WEBHOOKS": [
        "sandbox.webhook_schema.DRAFT_DECIDED",
        "sandbox.webhook_schema.DRAFT_SENT",
        "sandbox.webhook_schema.DRAFT_FAILED",
        "sandbox.webhook_schema.DRAFT_UNKNOWN",
        "messaging.api.webhook_schema.MESSAGE_NEW",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": True,
        "defaultModelsExpandDepth": 0,
        "displayRequestDuration": True,
    },
    "REDOC_DIST": "SIDECAR",
}
