"""Routes below `PREFIX`, whose trailing slash is optional."""

from rest_framework.routers import SimpleRouter

# Where urls.py includes them.
PREFIX = "/api/v1/"


class HubRouter(SimpleRouter):
    """Paths have no trailing slash; with one, they work too."""

    def __init__(self) -> None:
        super().__init__()
        self.trailing_slash = "/?"
