"""Who may come in, and how their browsers are told to behave."""

import environ
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
# Behind a proxy people come by HTTPS, and their cookies go no other way.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_PROXY
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

# --- People ---
AUTHENTICATION_BACKENDS = ["cvgorod_hub.staff.permissions.StaffBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
