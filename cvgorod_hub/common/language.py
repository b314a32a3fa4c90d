"""Which language a page speaks: the one chosen by its reader, else the hub's own."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

from cvgorod_hub.common.pages import is_for_programs


class ChosenLanguageMiddleware(LocaleMiddleware):
    """Russian until somebody chooses otherwise; programs are always answered in English.

    Django's own middleware would follow the browser's Accept-Language, and greet a Russian team in
    English on every machine with an English browser.
    """

    def __call__(self, request: HttpRequest) -> Any:  # noqa: ANN401  (as its base says)
        if not is_for_programs(request):
            return super().__call__(request)
        translation.activate("en")
        request.LANGUAGE_CODE = "en"
        return self.get_response(request)

    def process_request(self, request: HttpRequest) -> None:
        language = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, settings.LANGUAGE_CODE)
        if not translation.check_for_language(language) or language not in dict(settings.LANGUAGES):
            language = settings.LANGUAGE_CODE
        translation.activate(language)
        request.LANGUAGE_CODE = language
