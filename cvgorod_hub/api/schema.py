"""OpenAPI: what drf-spectacular cannot see by itself."""

from typing import TYPE_CHECKING, Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, OpenApiExample, inline_serializer
from rest_framework import serializers

from cvgorod_hub.api.filters import BIGINT_SCHEMA
from cvgorod_hub.api.routers import PREFIX

if TYPE_CHECKING:
    from cvgorod_hub.api.views import HubViewSet  # it is configured with this module

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
        "code": {"type": "string", "description": "Of a 409: the reason as one word, for programs."},
    },
}
NO_NUL = r"^[^\x00]*$"
SUCCESSES = {"200": "As asked.", "201": "Taken."}
REASONS = {
    "400": "A parameter, filter or field is unknown or cannot be read; `errors` names it.",
    "401": "No key, or one that is wrong, expired or revoked.",
    "403": "The key lacks the scope of this call.",
    "404": "There is no such row, or the key does not see its chat.",
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


# An error of each kind, as it is really answered.
ERROR_EXAMPLES = {
    "400": {
        "detail": "limit: Not a whole number from 1 to 1000.",
        "errors": {"limit": ["Not a whole number from 1 to 1000."]},
    },
    "401": {"detail": "The API key is not known here."},
    "403": {"detail": "This call needs an API key with the scope 'review'."},
    "404": {"detail": "There is no such reply."},
    "409": {
        "detail": "The conversation went on after this reply was proposed. Read it and confirm.",
        "code": "stale",
    },
    "413": {"detail": "The body is larger than 10485760 bytes."},
    "415": {"detail": 'Unsupported media type "text/plain" in request.'},
    "429": {"detail": "This API key may make 120 calls a minute. Try again in 12 s."},
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


class StrictBodyExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]  # the same
    """A body refuses fields that it does not know, and texts with a NUL; lists have their length."""

    target_class = "cvgorod_hub.api.parameters.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        inherited: Any = auto_schema._map_serializer  # noqa: SLF001  (as spectacular's own extensions do)
        schema: dict[str, Any] = inherited(self.target, direction, bypass_extensions=True)
        for name, described in schema.get("properties", {}).items():
            field: Any = self.target.fields[name]
            if described.get("type") == "array":
                described |= {"minItems": field.min_length, "maxItems": field.max_length}
            if "string" in described.get("type", ()) and not {"pattern", "format"} & described.keys():
                described["pattern"] = NO_NUL
        return {**schema, "additionalProperties": False}


class HubSchema(AutoSchema):
    """Adds what a viewset declares: parameters, scope, examples of answers, what its path means."""

    view: "HubViewSet"  # type: ignore[override]  # the only kind here

    def get_override_parameters(self) -> list[Any]:
        parameter_class = getattr(self.view, "parameters", {}).get(getattr(self.view, "action", None))
        return [parameter_class] if parameter_class is not None else []

    def get_description(self) -> str:  # type: ignore[override]  # spectacular's own signature
        scope = getattr(self.view, "required_scope", None)
        return "\n\n".join(filter(None, [super().get_description(), scope and f"Scope: `{scope}`."]))

    def get_examples(self) -> list[OpenApiExample]:
        examples: list[OpenApiExample] = super().get_examples()
        answer = getattr(self.view, "answers", {}).get(getattr(self.view, "action", None))
        if answer is None:
            return examples
        return [*examples, OpenApiExample("An answer", value=answer, response_only=True)]

    def _is_list_view(self, serializer: Any = None) -> bool:  # noqa: ANN401  (spectacular's own signature)
        """Some calls named `list` give one body: those of views without pages."""
        is_list = getattr(self.view, "action", None) == "list"
        return is_list and self.view.pagination_class is not None

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        """Numbers as numbers; an `id` means what the row's `id` does."""
        parameters = super()._resolve_path_parameters(variables)  # type: ignore[no-untyped-call]
        for parameter in parameters:
            name = parameter["name"]
            if "[0-9]{1,19}" in parameter["schema"].get("pattern", ""):
                parameter["schema"] = dict(BIGINT_SCHEMA)
            meaning, example = self.view.path_help.get(name) or self._meaning_of(name)
            parameter["description"] = meaning
            parameter["schema"]["examples"] = [example]
        return list(parameters)

    def _meaning_of(self, name: str) -> tuple[str, object]:
        row: Any = self.view.get_serializer_class()()
        return str(row.fields[name].help_text), self.view.answers["retrieve"][name]

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
            responses.update({status: _error(status) for status in sorted(_refusals(path, operation))})
            for status, response in responses.items():
                response["description"] = response["description"] or SUCCESSES[status]
                response["headers"] = {**response.get("headers", {}), **ALLOWANCE}
                if status == "429":
                    response["headers"] |= WAIT
    return result


def _refusals(path: str, operation: dict[str, Any]) -> set[str]:
    statuses = {
        "400",
        "401",
        "403",
        "429",
        *(status for status in operation["responses"] if status in REASONS),
    }
    if "{" in path or path.endswith(("/send", "/send/batch")):
        statuses.add("404")
    if "requestBody" in operation:
        statuses |= {"413", "415"}
    return statuses


def sort_calls(endpoint: tuple[str, str, str, Any]) -> tuple[int, str, str]:
    """Lists before what stands below them."""
    path, _regex, method, _view = endpoint
    return path.count("/"), path, method


def _error(status: str) -> dict[str, Any]:
    content = {"schema": {"$ref": "#/components/schemas/Error"}, "example": ERROR_EXAMPLES[status]}
    return {"description": REASONS[status], "content": {"application/json": content}}
