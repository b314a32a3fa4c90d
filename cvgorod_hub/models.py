"""The composition root's own tables."""

from cvgorod_hub.old_hub.models import LegacyMigration
from cvgorod_hub.privacy.models import Erasure, RetentionState

__all__ = ["Erasure", "LegacyMigration", "RetentionState"]
