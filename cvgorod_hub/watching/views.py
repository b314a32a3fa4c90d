"""`/metrics`, for whoever may see it.

With `METRICS_TOKEN`: whoever presents it (`Authorization: Bearer …`), and nobody else. Without: whoever calls
from `METRICS_ALLOWED_NETWORKS`, this machine unless set otherwise; a caller whom a proxy brings that the
hub does not know of (`DJANGO_BEHIND_PROXY`) comes from nobody knows where, and is refused.
"""

from http import HTTPStatus
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client.exposition import choose_encoder

from cvgorod_hub.api.keys.callers import address_of
from cvgorod_hub.watching.scrape import registry

_BROUGHT_BY_A_PROXY = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    if settings.METRICS_TOKEN:
        if not _has_token(request):
            refusal = JsonResponse(
                {"detail": "The token of /metrics is needed."}, status=HTTPStatus.UNAUTHORIZED
            )
            refusal.headers["WWW-Authenticate"] = 'Bearer realm="metrics"'
            return refusal
    elif not _is_near(request):
        sentence = "/metrics is told to this machine only. Set METRICS_TOKEN or METRICS_ALLOWED_NETWORKS."
        return JsonResponse({"detail": sentence}, status=HTTPStatus.FORBIDDEN)
    write, content_type = choose_encoder(request.META.get("HTTP_ACCEPT", ""))
    return HttpResponse(write(registry), headers={"Content-Type": content_type})


def _has_token(request: HttpRequest) -> bool:
    kind, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return kind.lower() == "bearer" and constant_time_compare(text.strip(), settings.METRICS_TOKEN)


def _is_near(request: HttpRequest) -> bool:
    if not settings.BEHIND_PROXY and any(name in request.META for name in _BROUGHT_BY_A_PROXY):
        return False
    if (address := address_of(request)) is None:
        return False
    parsed = ip_address(address)
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return any(parsed in network for network in settings.METRICS_ALLOWED_NETWORKS)
