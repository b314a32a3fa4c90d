"""Marks that tests share."""

import pytest

# Real commits, for what several connections do at once; tests/reset.py takes them back.
committed = pytest.mark.django_db(transaction=True)

# One worker drives the browser: another one, with a web process of its own, would cost more than it saves.
in_browser = [committed, pytest.mark.browser, pytest.mark.e2e, pytest.mark.xdist_group("browser")]
