"""OpenAPI: what drf-spectacular cannot see by itself."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from cvgorod_hub.api.routers import PREFIX

ERROR = {
    "type": "object",
    "required": ["detail"],
    "properties": {
        "detail": {"type": "string", "description": "One sentence for a person."},
        "errors": {
            "type": "object",
            "description": "What is wrong with each field; a place in a list is written `messages.3.text`.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
}
REASONS = {
    "400": "A parameter, filter or field is unknown or cannot be read; `errors` names it.",
    "401": "No key, or one that is wrong, expired or revoked.",
    "403": "The key lacks the scope of this call.",
    "404": "There is no such row.",
    "409": "The call conflicts with what is stored meanwhile.",
    "413": "The body is too large.",
    "415": "The body is not application/json.",
    "429": "The key's calls of this minute are used up, or too many wrong keys came from this address.",
}
WAIT = {
    "Retry-After": {
        "description": "Seconds until the next call is free.",
        "schema": {"type": "integer", "minimum": 1},
        "required": True,
    },
}
# draft-ietf-httpapi-ratelimit-headers-10; of keys with a limit, on answers of every kind.
ALLOWANCE = {
    "RateLimit-Policy": {
        "description": 'The key\'s limit: `"key";q=120;w=60`, 120 calls in any 60 seconds.',
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": 'What is left of it: `"key";r=119;t=60`; after `t` seconds it is more.',
        "schema": {"type": "string"},
    },
}


def page_of(row: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """The shape of a list that is always one page."""
    return inline_serializer(
        name=f"{row.__name__}List",
        fields={
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
            "results": row(many=True),
        },
    )


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # spectacular's own base
    target_class = "cvgorod_hub.api.authentication.ApiKeyAuthentication"
    name = ["ApiKey", "Bearer"]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, Any]]:
        about = "A key made in the admin or by `create_api_key`; shown once."
        return [
            {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": about},
            {"type": "http", "scheme": "bearer", "description": about},
        ]

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[str]]]:
        return [{name: []} for name in self.name]  # either of them


class HubSchema(AutoSchema):
    """Adds the parameters that a viewset declares, and the scope."""

    def get_override_parameters(self) -> list[Any]:
        parameter_class = getattr(self.view, "parameters", {}).get(getattr(self.view, "action", None))
        return [parameter_class] if parameter_class is not None else []

    def get_description(self) -> str:  # type: ignore[override]  # spectacular's own signature
        scope = getattr(self.view, "required_scope", None)
        return "\n\n".join(filter(None, [super().get_description(), scope and f"Scope: `{scope}`."]))

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix(PREFIX).split("/")[0]]


def drop_optional_slashes(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """Routes end in `/?`; the contract knows them without."""
    return [(path.rstrip("/"), regex, method, view) for path, regex, method, view in endpoints]


def describe_errors(result: dict[str, Any], **_rest: Any) -> dict[str, Any]:
    """Every call can be refused in the same few ways, in the same shape."""
    result["components"].setdefault("schemas", {})["Error"] = ERROR
    for path, operations in result["paths"].items():
        for operation in operations.values():
            responses = operation["responses"]
            statuses = {"400", "401", "403", "429", *(status for status in responses if status in REASONS)}
            if "{" in path or path.endswith(("/send", "/send/batch")):
                statuses.add("404")
            if "requestBody" in operation:
                statuses |= {"413", "415"}
            responses.update({status: _error(status) for status in sorted(statuses)})
            for status, response in responses.items():
                response["headers"] = {**response.get("headers", {}), **ALLOWANCE}
                if status == "429":
                    response["headers"] |= WAIT
    return result


def _error(status: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": REASONS[status], "content": {"application/json": {"schema": schema}}}
