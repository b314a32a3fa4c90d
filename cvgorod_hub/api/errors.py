"""Every error is JSON: `{"detail": sentence}`, and `errors` by field where fields are to blame.

    {"detail": "limit: Ensure this value is less than or equal to 1000.",
     "errors": {"limit": ["Ensure this value is less than or equal to 1000."]}}

A field inside a list is named with its place: `messages.3.text`.
"""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import APIException, MethodNotAllowed, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

API_PREFIX = "/api/"
WHOLE_BODY = "non_field_errors"


class ConflictError(APIException):
    """The row is not, or no longer, where the call needs it; `code` tells programs why."""

    status_code = 409
    default_detail = "The call conflicts with what is stored."
    default_code = "conflict"


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler; None (an unforeseen error) goes on to `server_error`."""
    response = exception_handler(error, context)
    if response is not None and isinstance(error, ValidationError):
        response.data = describe(error)
    if response is not None and isinstance(error, MethodNotAllowed):
        response["Allow"] = ", ".join(context["view"].allowed_methods)
    return response


def describe(error: ValidationError) -> dict[str, Any]:
    """The body of a 400 that names fields."""
    errors: dict[str, list[str]] = {}
    for field, message in _walk(error.detail, ""):
        errors.setdefault(field or WHOLE_BODY, []).append(message)
    sentences = (
        message if field == WHOLE_BODY else f"{field}: {message}"
        for field, messages in errors.items()
        for message in messages
    )
    return {"detail": " ".join(sentences), "errors": errors}


def _walk(detail: object, path: str) -> Iterator[tuple[str, str]]:
    """(dotted path, message) for each message of DRF's nested detail."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            inner = path if key == WHOLE_BODY else f"{path}.{key}".lstrip(".")
            yield from _walk(value, inner)
    elif isinstance(detail, list):
        for place, value in enumerate(detail):
            yield from _walk(value, f"{path}.{place}" if isinstance(value, dict | list) else path)
    else:
        yield path, str(detail)


@csrf_exempt  # whoever writes to a wrong address is told so, as everywhere below /api/
def unknown_url(request: HttpRequest) -> HttpResponse:
    """What stands below /api/ and is no route."""
    return JsonResponse({"detail": f"There is no {request.path} here."}, status=404)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return unknown_url(request) if _is_api(request) else defaults.page_not_found(request, exception)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A request that Django itself refuses: a foreign Host, too many parameters."""
    if _is_api(request):
        return JsonResponse({"detail": "The request cannot be read."}, status=400)
    return defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """An unforeseen error, logged by Django; the caller learns nothing of our insides."""
    if _is_api(request):
        return JsonResponse({"detail": "Something went wrong here. It has been logged."}, status=500)
    return defaults.server_error(request)


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith(API_PREFIX)
