"""The admin of what is of no room: the site itself, staff accounts and groups."""

from cvgorod_hub.staff.admin import register

register()
