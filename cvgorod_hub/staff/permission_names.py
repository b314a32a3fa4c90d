"""What a permission is called in the reader's language.

Django keeps the names in the database, in English, as they were when the permission was made.
"""

from django.contrib import admin
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.forms import ModelMultipleChoiceField
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

VERBS = {
    "view": gettext_noop("Can view"),
    "add": gettext_noop("Can add"),
    "change": gettext_noop("Can change"),
    "delete": gettext_noop("Can delete"),
}


def permissions_with_pages() -> QuerySet[Permission]:
    """Those on what the admin shows: any other gives nothing, and has no name in any language."""
    shown = ContentType.objects.get_for_models(*admin.site._registry).values()  # noqa: SLF001
    return Permission.objects.filter(content_type__in=shown).select_related("content_type")


def describe(permission: Permission) -> str:
    """Where, what, and what may be done: "Messages | chat | Can view"."""
    verb, _separator, model = permission.codename.partition("_")
    is_djangos = verb in VERBS and model == permission.content_type.model
    what = _(VERBS[verb]) if is_djangos else _(permission.name)
    return f"{permission.content_type.app_labeled_name} | {what}"


class PermissionsField(ModelMultipleChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Permissions by the names that the reader understands."""

    def label_from_instance(self, obj: Permission) -> str:
        return capfirst(describe(obj))
