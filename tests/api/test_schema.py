"""The contract as OpenAPI: valid, whole, and shown without anything from elsewhere."""

import json
import re
from io import StringIO
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from tests.api.test_authentication import BATCH, CALLS
from tests.api.test_errors import LISTS


@pytest.fixture
def schema(client: Client) -> dict[str, Any]:
    answer = client.get("/api/schema", {"format": "json"})
    assert answer.status_code == 200
    return json.loads(answer.content)


def test_it_is_valid_openapi_3_1(schema: dict[str, Any]) -> None:
    assert schema["openapi"].startswith("3.1")
    validate(schema, cls=OpenAPIV31SpecValidator)


def test_it_is_yaml_unless_asked_otherwise(client: Client, schema: dict[str, Any]) -> None:
    answer = client.get("/api/schema/")

    assert answer.headers["Content-Type"].startswith("application/vnd.oai.openapi")
    assert yaml.safe_load(answer.content)["paths"].keys() == schema["paths"].keys()


def test_it_is_made_without_a_warning() -> None:
    out = StringIO()

    call_command("spectacular", fail_on_warn=True, validate=True, stdout=out)  # raises on the first one

    assert out.getvalue().startswith("openapi: 3.1")


def test_it_holds_every_call_and_no_other(schema: dict[str, Any]) -> None:
    described = {(method, path) for path, operations in schema["paths"].items() for method in operations}

    def generic(path: str) -> str:
        return re.sub(r"\{\w+\}", "{}", path)

    ids = re.compile(rf"/(-?1|{BATCH})\b")
    expected = {(method, "/api/v1/" + ids.sub("/{}", path)) for method, path, _scope in CALLS}
    assert {(method, generic(path)) for method, path in described} == expected


@pytest.mark.parametrize("path", list(LISTS))
def test_it_knows_every_parameter_with_type_and_meaning(schema: dict[str, Any], path: str) -> None:
    parameters = schema["paths"][f"/api/v1/{path}"]["get"]["parameters"]

    assert {parameter["name"] for parameter in parameters} == LISTS[path]
    for parameter in parameters:
        assert parameter["in"] == "query"
        assert parameter["description"], parameter["name"]
        assert parameter["schema"]["type"] in {"string", "integer", "boolean"}


def test_its_filters_have_their_types(schema: dict[str, Any]) -> None:
    parameters = schema["paths"]["/api/v1/messages"]["get"]["parameters"]
    types = {p["name"]: (p["schema"]["type"], p["schema"].get("format")) for p in parameters}

    assert types["chat_id"] == ("integer", "int64")
    assert types["since"] == ("string", "date-time")
    assert types["urgent"] == ("boolean", None)
    assert types["limit"] == ("integer", None)
    message_type = next(p["schema"] for p in parameters if p["name"] == "message_type")
    assert "voice" in message_type["enum"]


def test_every_call_says_how_it_may_be_refused(schema: dict[str, Any]) -> None:
    assert set(schema["components"]["securitySchemes"]) == {"ApiKey", "Bearer"}
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            assert operation["security"] == [{"ApiKey": []}, {"Bearer": []}], path
            assert operation["summary"], path
            assert "Scope: `" in operation["description"], path
            assert {"400", "401", "403", "429"} <= operation["responses"].keys(), path
            error = operation["responses"]["401"]["content"]["application/json"]["schema"]
            assert error == {"$ref": "#/components/schemas/Error"}
            for status, response in operation["responses"].items():
                limits = {"RateLimit", "RateLimit-Policy"} | ({"Retry-After"} if status == "429" else set())
                assert response["headers"].keys() == limits, (path, status)


def test_the_page_needs_nothing_from_elsewhere(client: Client) -> None:
    answer = client.get("/api/docs")

    assert answer.status_code == 200
    page = answer.content.decode()
    assert "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js" in page
    assert not re.findall(r"(?:src|href)=[\"']?https?://", page)
