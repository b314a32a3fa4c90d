"""Roles: those that code speaks of are here; others come as they were, and none is changed."""

from clients.models import UserRole
from cvgorod_hub.old_hub.connecting import OldDatabase
from cvgorod_hub.old_hub.shape import Shape
from cvgorod_hub.old_hub.tally import Tally

# What the column `role` calls a program; which kind, it does not say.
ROLE_WORDS = {"bot": "broadcast_bot"}


def bring_roles(old: OldDatabase, shape: Shape, tally: Tally, *, is_dry_run: bool) -> dict[int, str]:
    """Returns the names that the old roles have here, by their old keys."""
    names: dict[int, str] = {}
    known = set(UserRole.objects.values_list("role_name", flat=True))
    for told, name, display_name, description, *flags in _read(old, shape):
        key = int(told or 0)
        role_name = (name or "").strip()
        if not role_name:
            tally.add("skipped", "without a name", keys=[key])
            continue
        names[key] = role_name[:50]
        if role_name[:50] in known:
            tally.add("merged", "a role of this name is here")
            continue
        known.add(role_name[:50])
        tally.add("copied")
        if not is_dry_run:
            is_staff, is_bot, is_excluded = (flag == "t" for flag in flags)
            UserRole.objects.create(
                role_name=role_name[:50],
                display_name=(display_name or role_name)[:100],
                description=description or "",
                is_staff=is_staff,
                is_bot=is_bot,
                exclude_from_analytics=is_excluded,
            )
    return names


def _read(old: OldDatabase, shape: Shape) -> list[tuple[str | None, ...]]:
    if not shape.has("user_roles"):
        return []
    role = shape.table("user_roles", "r")
    columns = [
        role.number("id"),
        role.text("role_name"),
        role.text("display_name"),
        role.text("description"),
        *(role.flag(name) for name in ("is_staff", "is_bot", "exclude_from_analytics")),
    ]
    return old.rows(f"SELECT {', '.join(columns)} FROM user_roles AS r ORDER BY 1")  # noqa: S608
