"""Rows are drawn as unfold draws them."""

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import User
from django.test import RequestFactory
from django.utils import translation
from unfold.templatetags.unfold_list import results

from cvgorod_hub.common.lists.rows import result_list
from tests.admin.rows import make_rows

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("asked", ["", "?q=α", "?_popup=1"])
def test_cells_of_every_list_are_unfolds(asked: str, admin_user: User, rf: RequestFactory) -> None:
    make_rows()
    request = rf.get(f"/admin/{asked}")
    request.user = admin_user
    drawn = 0
    with translation.override("ru"):
        for model, admin in site._registry.items():
            changelist = admin.get_changelist_instance(request)
            changelist.formset = None
            ours = result_list({"request": request}, changelist)["results"]

            assert [list(row) for row in ours] == [list(row) for row in results(changelist)], model
            assert [row.instance for row in ours] == list(changelist.result_list), model
            drawn += len(ours)

    assert drawn
