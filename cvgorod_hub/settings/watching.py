"""Who may see `/metrics`, and whether Sentry hears of errors."""

import environ
from django.core.exceptions import ImproperlyConfigured

from cvgorod_hub import environment

env = environ.Env()

# Prometheus presents it; without one, these networks alone see the numbers.
METRICS_TOKEN: str = env.str("METRICS_TOKEN", default="").strip()
if METRICS_TOKEN and len(METRICS_TOKEN) < 16:
    raise ImproperlyConfigured("METRICS_TOKEN is too short: take 16 characters or more, at random.")
METRICS_ALLOWED_NETWORKS = environment.networks("METRICS_ALLOWED_NETWORKS", default="127.0.0.0/8, ::1")
# What a process counted goes to Redis so often; 0: only when somebody asks for it (tests).
TALLIES_WRITTEN_EVERY_SECONDS = 5
# Which build this is, a commit perhaps; `/metrics` and Sentry tell it.
HUB_RELEASE: str = env.str("HUB_RELEASE", default="").strip()
SENTRY_DSN: str = env.str("SENTRY_DSN", default="").strip()
SENTRY_ENVIRONMENT: str = env.str("SENTRY_ENVIRONMENT", default="").strip() or "production"
