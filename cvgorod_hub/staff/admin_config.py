"""Django's admin with the hub's own site; a module of its own, since an app has one configuration."""

from django.contrib.admin.apps import AdminConfig


class HubAdminConfig(AdminConfig):
    default = False
    default_site = "cvgorod_hub.staff.site.HubAdminSite"
