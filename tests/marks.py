"""Marks that tests share."""

import pytest

# Real commits, for what several connections do at once; tests/reset.py takes them back.
committed = pytest.mark.django_db(transaction=True)
