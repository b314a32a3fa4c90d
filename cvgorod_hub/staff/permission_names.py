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
    """Where, what, and what may be done: "Messages | chats | Can view"."""
    model = permission.content_type.model_class()
    if model is None:  # of a model that is gone
        return str(permission)
    verb, _separator, _name = permission.codename.partition("_")
    is_djangos = permission.codename == f"{verb}_{model._meta.model_name}" and verb in VERBS
    what = _(VERBS[verb]) if is_djangos else _(permission.name)
    return f"{model._meta.app_config.verbose_name} | {model._meta.verbose_name_plural} | {what}"


class PermissionsField(ModelMultipleChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Permissions by the names that the reader understands."""

    def label_from_instance(self, obj: Permission) -> str:
        return capfirst(describe(obj))
