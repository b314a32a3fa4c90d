"""The secret that the hub and an authenticator app share.

It is stored nowhere: it is the HMAC of a random seed, which is stored, under `DJANGO_SECRET_KEY`, which is
not. A copy of the database makes no codes. The seed carries a checksum of its secret, so that another secret
key is noticed. Webhooks' secrets are made the same way (cvgorod_hub/api/hooks/signing.py).
"""

import base64
import hashlib
import secrets
from hmac import compare_digest

import pyotp
import segno
from django.contrib.auth.models import User
from django.utils.crypto import salted_hmac
from django.utils.safestring import SafeString, mark_safe

from cvgorod_hub.staff.models import Authenticator

# As an app shows it above the codes.
ISSUER = "cvgorod-hub"
_SALT = "cvgorod_hub.staff.two_step.secrets"
# RFC 4226, 4: 160 bits are recommended, and every app takes them.
_BYTES = 20


class SecretLostError(Exception):
    """The hub's secret key is not the one with which this app was set up."""


def new_seed() -> str:
    random = secrets.token_hex(24)
    return f"{random}.{_checksum(_derive(random))}"


def totp_of(authenticator: Authenticator) -> pyotp.TOTP:
    """Raises SecretLostError."""
    random, _, checksum = authenticator.seed.partition(".")
    secret = _derive(random)
    if not compare_digest(checksum, _checksum(secret)):
        raise SecretLostError
    return pyotp.TOTP(secret)


def readable(totp: pyotp.TOTP) -> str:
    """The secret to type: groups of four."""
    return " ".join(totp.secret[at : at + 4] for at in range(0, len(totp.secret), 4))


def picture(totp: pyotp.TOTP, account: User, *, title: str) -> SafeString:
    """The secret to scan, as an SVG: dark on white in either theme, or cameras fail."""
    address = totp.provisioning_uri(name=account.get_username(), issuer_name=ISSUER)
    code = segno.make(address, error="m", micro=False)
    svg = code.svg_inline(scale=5, dark="#000", light="#fff", title=title, svgclass="qr", omitsize=True)
    return mark_safe(svg)  # noqa: S308  (segno's own, of an address; it escapes the title)


def _derive(random: str) -> str:
    digest = salted_hmac(_SALT, random, algorithm="sha256").digest()
    return base64.b32encode(digest[:_BYTES]).decode()


def _checksum(secret: str) -> str:
    return hashlib.sha256(f"{_SALT}:{secret}".encode()).hexdigest()[:16]
