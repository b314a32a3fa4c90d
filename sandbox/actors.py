"""Who decides: an account of the admin, a program with an API key, or the hub itself."""

from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User

from cvgorod_hub.api.models import REVIEW_PERMISSION, ApiKey

__all__ = ["LONGEST_NAME", "REVIEW_PERMISSION", "Actor"]

# The log's column; a first and a last name together may be longer.
LONGEST_NAME = 150


@dataclass(frozen=True, kw_only=True)
class Actor:
    """`name` is what people read in the log; it stays when the account or key is gone."""

    name: str
    user: User | None = None
    key: ApiKey | None = None

    @property
    def user_id(self) -> int | None:
        return None if self.user is None else self.user.pk

    @property
    def key_id(self) -> int | None:
        return None if self.key is None else self.key.pk

    @property
    def account_id(self) -> int | None:
        """The account behind the decision; for a program, its key's owner."""
        if self.user is not None:
            return self.user.pk
        return self.key.created_by_id if self.key is not None else None

    def sees_chat(self, chat_id: int) -> bool:
        """A program may be limited to some chats; for it the others do not exist."""
        return self.key is None or self.key.sees_chat(chat_id)

    def visible_chat_ids(self) -> frozenset[int] | None:
        """The chats that exist for this actor; None: all."""
        return None if self.key is None else self.key.visible_chat_ids()

    @classmethod
    def from_user(cls, user: AbstractBaseUser | AnonymousUser) -> "Actor":
        if not isinstance(user, User):
            raise TypeError("Only somebody with an account can decide.")
        return cls(name=(user.get_full_name() or user.get_username())[:LONGEST_NAME], user=user)

    @classmethod
    def from_key(cls, key: ApiKey) -> "Actor":
        """The key of the environment has no row, so only its name is kept."""
        return cls(name=key.name, key=key if key.pk else None)


HUB = Actor(name="hub")
