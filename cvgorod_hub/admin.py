"""The admin of what is of no room: a person's data."""

from cvgorod_hub.privacy import admin as privacy

privacy.register()
