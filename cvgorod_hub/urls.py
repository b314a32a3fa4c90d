from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from bots import webhook
from cvgorod_hub import api_urls, health
from cvgorod_hub.api.routers import PREFIX
from cvgorod_hub.watching import views

urlpatterns = [
    path(PREFIX.lstrip("/"), include(api_urls.router.urls)),  # first: most calls are these
    path(settings.ADMIN_PATH, admin.site.urls),
    path("api/", include("cvgorod_hub.api_urls")),
    path("i18n/", include("django.conf.urls.i18n")),  # the language chooser of the admin
    re_path(r"^telegram/webhook/(?P<bot_id>[0-9]{1,18})/?$", webhook.receive, name="telegram-webhook"),
    re_path(r"^health/live/?$", health.live, name="health-live"),
    re_path(r"^health/ready/?$", health.ready, name="health-ready"),
    re_path(r"^metrics/?$", views.metrics, name="metrics"),
]

if settings.ADMIN_PATH == "admin/":  # else the front door shall not say where the side door is
    urlpatterns.append(path("", RedirectView.as_view(pattern_name="admin:index"), name="home"))

handler400 = "cvgorod_hub.api.errors.bad_request"
handler404 = "cvgorod_hub.api.errors.not_found"
handler500 = "cvgorod_hub.api.errors.server_error"
