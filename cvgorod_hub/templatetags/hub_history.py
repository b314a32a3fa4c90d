"""What a line of a row's history says, in its reader's language."""

import json

from django import template
from django.contrib.admin.models import LogEntry
from django.utils.text import capfirst
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def what_changed(entry: LogEntry) -> str:
    """Django notes a field by its English name, capitalised; the catalogues have it as it was written."""
    if not entry.change_message.startswith("["):
        return entry.get_change_message()
    parts = json.loads(entry.change_message)
    for part in parts:
        for what in part.values():
            if "fields" in what:
                what["fields"] = [_named(name) for name in what["fields"]]
    return LogEntry(change_message=json.dumps(parts)).get_change_message()


def _named(field: str) -> str:
    name = _(field)
    return name if name != field else str(capfirst(_(field[:1].lower() + field[1:])))
