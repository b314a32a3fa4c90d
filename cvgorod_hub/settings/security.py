"""Who may come in, and how their browsers are told to behave.

`DJANGO_BEHIND_PROXY` is the switch: behind a proxy people come by HTTPS, and everything here that needs HTTPS
holds; without one the hub is for this machine, by plain HTTP on loopback.
"""

from datetime import timedelta

import environ
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.core.exceptions import ImproperlyConfigured

from cvgorod_hub import environment

env = environ.Env()

# --- Security ---
DEBUG: bool = env.bool("DJANGO_DEBUG", default=False)
SECRET_KEY = environment.secret_key()
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "DJANGO_SECRET_KEY is not set. Set it to a long random string, "
        "or start the hub with `make run`, which makes one for this machine."
    )
ALLOWED_HOSTS: list[str] = env.list("DJANGO_ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("DJANGO_CSRF_TRUSTED_ORIGINS", default=[])
# One proxy in front, which sets X-Forwarded-Proto and adds the caller to X-Forwarded-For.
BEHIND_PROXY: bool = env.bool("DJANGO_BEHIND_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
# Below this people open the admin; any other first word of an address is the hub's own.
ADMIN_PATH = environment.url_path(
    "ADMIN_PATH", default="admin/", taken=("api", "health", "i18n", "metrics", "static", "telegram")
)

# --- HTTPS ---
SECURE_SSL_REDIRECT = BEHIND_PROXY
# Programs of one's own network come past the proxy: agents with their keys, health checks, a Bot API server.
SECURE_REDIRECT_EXEMPT = [r"^(?!api/docs)(api|health|metrics|telegram)(/|$)"]
# So long browsers come by HTTPS only, once they did: a month, in which a mistake can be mended.
SECURE_HSTS_SECONDS = environment.whole_number("DJANGO_HSTS_SECONDS", default=2_592_000, most=63_072_000)
SECURE_HSTS_SECONDS = SECURE_HSTS_SECONDS if BEHIND_PROXY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS: bool = env.bool("DJANGO_HSTS_INCLUDE_SUBDOMAINS", default=True)
# Whether a domain enters the lists that browsers are shipped with is its owner's decision, not the hub's.
# Of the other two cvgorod_hub/middleware_check.py is the better one.
SILENCED_SYSTEM_CHECKS = ["security.W021", "security.W002", "security.W003"]

# --- Cookies ---
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = BEHIND_PROXY
# Browsers take a cookie of this prefix over HTTPS only, for this very host: no neighbour below the same
# domain can plant one.
_prefix = "__Host-" if BEHIND_PROXY else ""
SESSION_COOKIE_NAME = f"{_prefix}sessionid"
CSRF_COOKIE_NAME = f"{_prefix}csrftoken"
KNOWN_BROWSER_COOKIE_NAME = f"{_prefix}known"
# "Strict" would ask for a login after each click on a card in Telegram.
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
# A login lasts so long; then everybody types their password again.
SESSION_COOKIE_AGE = 3600 * environment.whole_number("STAFF_SESSION_HOURS", default=168, least=1, most=8760)

# --- What a page may do ---
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
# No script stands in a page itself, so none that somebody smuggles into one runs. Two concessions: unfold's
# Alpine.js makes functions of the expressions in its attributes (its build without eval knows no arrow
# functions and no `window`, which unfold uses), and unfold's own pages carry styles.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, UNSAFE_EVAL],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "media-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}
_unused = ("camera", "display-capture", "geolocation", "microphone", "midi", "payment", "usb")
PERMISSIONS_POLICY: dict[str, list[str]] = {name: [] for name in _unused}

# --- People ---
AUTHENTICATION_BACKENDS = ["cvgorod_hub.staff.permissions.StaffBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
# Groups whose members log in by a second step ("*": everybody); superusers then do, too.
STAFF_TOTP_REQUIRED = [name.strip() for name in env.list("STAFF_TOTP_REQUIRED", default=[]) if name.strip()]
# What was refused at the login is listed so long.
LOGIN_ATTEMPTS_KEPT = timedelta(days=90)
# An error page or mail says what failed, without what must not be read (cvgorod_hub/common/reports.py).
DEFAULT_EXCEPTION_REPORTER = "cvgorod_hub.common.reports.RedactingReporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "cvgorod_hub.common.reports.HiddenSettings"
