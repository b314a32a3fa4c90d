import pytest

from clients.models import RoleName, UserRole


@pytest.mark.django_db
def test_the_six_roles_are_seeded() -> None:
    assert set(UserRole.objects.values_list("role_name", flat=True)) == set(RoleName.values)
