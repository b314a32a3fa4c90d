"""Why an update could not be read, for whoever looks at it in the admin."""

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# What the parser says (bots/parsing.py, bots/values.py), and the same for people.
_WORDS = (
    (r"(?P<what>update) is not an object", gettext_lazy("This is no update at all.")),
    (
        r"(?P<what>[\w.]+) is not (an object|a list|a name)",
        gettext_lazy("“%(what)s” is missing, or holds something else."),
    ),
    (r"(?P<what>[\w.]+) is not a whole number", gettext_lazy("“%(what)s” should hold a whole number.")),
    (r"(?P<what>[\w.]+) is out of range", gettext_lazy("The number in “%(what)s” is too large.")),
    (r"(?P<what>[\w.]+) is too long", gettext_lazy("“%(what)s” is too long.")),
    (r"(?P<what>[\w.]+) is not a Unix time.*", gettext_lazy("“%(what)s” holds no time of our days.")),
    (
        r"(?P<what>[\w.]+) is not one of .*",
        gettext_lazy("“%(what)s” holds a value that the hub does not know."),
    ),
    (r"'(?P<what>\w+)'", gettext_lazy("“%(what)s” is missing.")),
    (
        r"(?P<what>(Data|Integrity|Internal|NotSupported|Programming)Error): .*",
        gettext_lazy("The database refused what the update holds (%(what)s)."),
    ),
    (
        r"(?P<what>\w+(Error|Exception)): .*",
        gettext_lazy("A fault of the hub itself (%(what)s); its developers should see the update."),
    ),
)
_PATTERNS = [(re.compile(pattern, re.DOTALL), words) for pattern, words in _WORDS]


def in_words(error: str) -> str:
    """One sentence; where the hub has no better words, the error as it is."""
    for pattern, words in _PATTERNS:
        if match := pattern.fullmatch(error):
            return str(words) % {"what": match["what"]}
    return error or _("The hub does not say why.")
