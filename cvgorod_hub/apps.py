from django.apps import AppConfig


class HubConfig(AppConfig):
    """The composition root as an app, for its management commands and templates."""

    name = "cvgorod_hub"
    label = "hub"
