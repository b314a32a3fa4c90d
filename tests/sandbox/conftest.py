from collections.abc import Iterator

import pytest

from cvgorod_hub.api.models import ApiKey, Scope
from sandbox.actors import Actor
from tests.fakes import FakeTransport


@pytest.fixture(autouse=True)
def transport() -> Iterator[type[FakeTransport]]:
    FakeTransport.reset()
    yield FakeTransport
    FakeTransport.reset()


@pytest.fixture
def manager(db: None, django_user_model: type) -> Actor:
    user = django_user_model.objects.create_user("anna", first_name="Анна", is_staff=True)
    return Actor.from_user(user)


@pytest.fixture
def agent(db: None) -> Actor:
    key = ApiKey.objects.create(name="agent", lookup="a" * 12, digest="0" * 64, scopes=[Scope.PROPOSE])
    return Actor.from_key(key)
