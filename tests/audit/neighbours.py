"""Keys of the hub's neighbours and its own, for detect-secrets."""

import re

from detect_secrets.plugins.base import RegexBasedDetector


class NeighbourKeyDetector(RegexBasedDetector):  # type: ignore[misc]
    """DeepSeek, Yandex Cloud, webhooks' secrets, the hub's API keys."""

    secret_type = "Key of a neighbour"
    denylist = (
        re.compile(r"\bsk-[a-f0-9]{32}\b"),
        re.compile(r"\bAQVN[A-Za-z0-9_-]{35,}"),
        re.compile(r"\bt1\.[A-Za-z0-9_-]{6,}={0,2}\.[A-Za-z0-9_-]{80,}={0,2}"),
        re.compile(r"\bwhsec_[A-Za-z0-9+/]{32,}=*"),
        re.compile(r"\bcvh_[A-Za-z0-9_-]{30,}"),
    )
