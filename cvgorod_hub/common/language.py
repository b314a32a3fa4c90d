"""Which language a page speaks: the one chosen by its reader, else the hub's own."""

from django.conf import settings
from django.http import HttpRequest
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

API_PREFIXES = ("/api/", "/health/")


class ChosenLanguageMiddleware(LocaleMiddleware):
    """Russian until somebody chooses otherwise; the API always answers programs in English.

    Django's own middleware would follow the browser's Accept-Language, and greet a Russian team in
    English on every machine with an English browser.
    """

    def process_request(self, request: HttpRequest) -> None:
        if request.path.startswith(API_PREFIXES):
            language = "en"
        else:
            language = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, settings.LANGUAGE_CODE)
            if not translation.check_for_language(language) or language not in dict(settings.LANGUAGES):
                language = settings.LANGUAGE_CODE
        translation.activate(language)
        request.LANGUAGE_CODE = language
