"""The version before goes on working beside the migrations of this one."""

import json

import pytest
from django.db import connection

from tests.upgrades.schema import RELEASED, Schema, breaks, read_schema

# What a version may take away at last, because the one before it does not use it any more: a reason each.
GIVEN_UP: dict[str, str] = {}


def released() -> Schema:
    schema: Schema = json.loads(RELEASED.read_text(encoding="utf-8"))
    return schema


@pytest.mark.django_db
def test_the_released_version_can_go_on_with_these_tables() -> None:
    assert breaks(released(), read_schema()) == sorted(GIVEN_UP)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("DROP TABLE rejection_reasons", "rejection_reasons: gone"),
        ("ALTER TABLE chats DROP name CASCADE", "chats.name: gone"),
        ("ALTER TABLE chats ALTER name TYPE text", "chats.name: was character varying(256), is text"),
        (
            "ALTER TABLE chats ALTER waiting_since SET NOT NULL",
            "chats.waiting_since: must not be NULL any more",
        ),
        (
            "ALTER TABLE chats ADD mood text NOT NULL DEFAULT ''; ALTER TABLE chats ALTER mood DROP DEFAULT",
            "chats.mood: must be filled, and the version before does not know it (db_default, or null)",
        ),
        (
            "CREATE UNIQUE INDEX one_name ON chats (name)",
            "chats: refuses what it took before: CREATE UNIQUE INDEX ON public.chats USING btree (name)",
        ),
        (
            "ALTER TABLE chats ADD CHECK (name <> '-')",
            "chats: refuses what it took before: CHECK (((name)::text <> '-'::text))",
        ),
        ("ALTER TABLE chats ADD mood text NOT NULL DEFAULT ''", ""),
        ("ALTER TABLE chats ADD mood text UNIQUE", ""),
        ("CREATE INDEX quick ON chats (name); CREATE TABLE moods (name text NOT NULL)", ""),
    ],
)
def test_what_would_stop_it_is_said(statement: str, problem: str) -> None:
    before = read_schema()
    with connection.cursor() as cursor:
        cursor.execute(statement)
    assert breaks(before, read_schema()) == ([problem] if problem else [])
