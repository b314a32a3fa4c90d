"""Marks that tests share."""

import pytest

# Real commits, for what several connections do at once; the seeded roles and patterns come back after.
committed = pytest.mark.django_db(transaction=True, serialized_rollback=True)
