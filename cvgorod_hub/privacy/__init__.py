"""A person's data: handed over and erased on request, and how long anything is kept.

Knows all rooms; each offers what it can do with its own tables (`…/erasing.py`, `…/personal.py`).
"""
