"""`check --deploy` asks whether pages are protected against forged requests and frames.

Django's own checks of this (security.W002, W003) look for the names of its classes, and the hub's are
subclasses (cvgorod_hub/common/pages.py), so those are silenced and this looks for the classes.
"""

from csp.middleware import CSPMiddleware
from django.conf import settings
from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.module_loading import import_string

PROTECTIONS = {
    "hub.W001": (CsrfViewMiddleware, "forged requests"),
    "hub.W002": (XFrameOptionsMiddleware, "frames"),
    "hub.W003": (CSPMiddleware, "scripts that are not the hub's"),
}


def check_protections(**_options: object) -> list[CheckMessage]:
    classes = [entry for entry in map(import_string, settings.MIDDLEWARE) if isinstance(entry, type)]
    return [
        CheckWarning(f"No middleware protects pages against {what}.", id=name)
        for name, (protection, what) in PROTECTIONS.items()
        if not any(issubclass(entry, protection) for entry in classes)
    ]
