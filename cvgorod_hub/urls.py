from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from bots import webhook
from cvgorod_hub import api_urls, health
from cvgorod_hub.api.routers import PREFIX

urlpatterns = [
    path(PREFIX.lstrip("/"), include(api_urls.router.urls)),  # first: most calls are these
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("api/", include("cvgorod_hub.api_urls")),
    path("i18n/", include("django.conf.urls.i18n")),  # the language chooser of the admin
    re_path(r"^telegram/webhook/(?P<bot_id>[0-9]{1,18})/?$", webhook.receive),
    re_path(r"^health/live/?$", health.live),
    re_path(r"^health/ready/?$", health.ready),
]

handler400 = "cvgorod_hub.api.errors.bad_request"
handler404 = "cvgorod_hub.api.errors.not_found"
handler500 = "cvgorod_hub.api.errors.server_error"
