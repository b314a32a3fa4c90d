"""What an account may do, read in one statement rather than two: every page of the admin asks."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, Permission
from django.db.models import Model, Q

_KEPT_AS = "_perm_cache"


class StaffBackend(ModelBackend):
    """Django's own rules: a permission is the account's, or one of its groups'."""

    def get_all_permissions(
        self, user_obj: AbstractBaseUser | AnonymousUser, obj: Model | None = None
    ) -> set[str]:
        """As `app.codename`; kept on the account for as long as it lives in memory."""
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        if not hasattr(user_obj, _KEPT_AS):
            setattr(user_obj, _KEPT_AS, _read(user_obj))
        kept: set[str] = getattr(user_obj, _KEPT_AS)
        return kept


def _read(user: Any) -> set[str]:  # noqa: ANN401  (an account, of whichever model is in use)
    permissions = Permission.objects.order_by()
    if not user.is_superuser:
        permissions = permissions.filter(Q(user=user) | Q(group__user=user)).distinct()
    return {f"{app}.{name}" for app, name in permissions.values_list("content_type__app_label", "codename")}
