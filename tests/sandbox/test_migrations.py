"""The migrations of the sandbox, where rows stood in their way."""

from importlib import import_module

from django.db import connection, migrations
from django.db.migrations.executor import MigrationExecutor

from sandbox.models import PendingResponse
from tests.factories import ChatFactory, ResponseFactory, make
from tests.marks import committed

pytestmark = committed


def test_two_broken_sends_of_one_chat_are_doubtful_and_stop_no_migration() -> None:
    with connection.schema_editor() as editor:
        editor.execute("DROP INDEX pending_responses_one_at_a_time")
    make(ResponseFactory, 2, chat=ChatFactory(), status="sending")
    state = MigrationExecutor(connection).loader.project_state([("sandbox", "0001_initial")])

    for operation in import_module("sandbox.migrations.0002_rules_and_pacing").Migration.operations:
        if isinstance(operation, migrations.RunSQL | migrations.AddConstraint):
            before = state.clone()
            operation.state_forwards("sandbox", state)
            with connection.schema_editor() as editor:
                operation.database_forwards("sandbox", editor, before, state)

    assert set(PendingResponse.objects.values_list("status", flat=True)) == {"unknown"}
