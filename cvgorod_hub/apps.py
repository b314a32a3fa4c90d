import importlib

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.utils.translation import gettext_lazy as _


class HubConfig(AppConfig):
    """The composition root as an app, for its commands and templates, and who was erased."""

    name = "cvgorod_hub"
    label = "hub"
    verbose_name = _("Hub")

    def ready(self) -> None:
        """Watch: tasks are counted and named in the log; errors are told where there is a Sentry."""
        importlib.import_module("cvgorod_hub.watching.workers")
        if settings.SENTRY_DSN:
            importlib.import_module("cvgorod_hub.watching.sentry").start()
        check = importlib.import_module("cvgorod_hub.middleware_check").check_protections
        checks.register(check, checks.Tags.security, deploy=True)
