"""The composition root's own tables."""

from cvgorod_hub.old_hub.models import LegacyMigration

__all__ = ["LegacyMigration"]
