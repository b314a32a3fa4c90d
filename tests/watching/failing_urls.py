"""A page that breaks with everything in its error that must not leave the process."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from cvgorod_hub.urls import handler500
from tests.watching.words import KEY, TEXT, TOKEN


def fails(_request: HttpRequest) -> HttpResponse:
    words, token, key = TEXT, TOKEN, KEY
    raise ValueError(f"cannot send {words!r} by {token} for {key}")


urlpatterns = [path("fails", fails)]

__all__ = ["handler500", "urlpatterns"]
