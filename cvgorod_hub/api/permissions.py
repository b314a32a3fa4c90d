"""What a key may do: every view declares the scope that its calls need."""

from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from cvgorod_hub.api.models import ApiKey

if TYPE_CHECKING:
    from rest_framework.views import APIView  # it imports this module, as a setting


class HasScope(BasePermission):
    """The key allows `view.required_scope`; a refusal names the scope that is missing."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        scope = getattr(view, "required_scope", None)
        if scope is None:
            raise ImproperlyConfigured(f"{type(view).__name__} declares no required_scope.")
        key = request.auth
        if not isinstance(key, ApiKey):
            return False
        if not key.allows(scope):
            raise PermissionDenied(f"This call needs an API key with the scope '{scope}'.")
        return True
