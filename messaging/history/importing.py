"""An export into the hub, or a preview of that: chat after chat, batch after batch.

Each batch is a transaction with its chat locked, so an import that ends in the middle, however it ends, has
done whole batches; another run finds what is there and goes on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import reset_queries
from django.utils import timezone

from cvgorod_hub.common.database import session_connection
from messaging.history.errors import ExportError
from messaging.history.files import ExportFolder
from messaging.history.models import HistoryImport
from messaging.history.repair import RepairedStream
from messaging.history.report import ImportReport
from messaging.history.streaming import ChatHead, read_export
from messaging.history.taking import ChatImport, ImportHooks, ImportOptions, RunMemory

# Any constant will do; it keeps this lock apart from other users of advisory locks.
_ONLY_ONE = 0x_C7_60_1B
State = HistoryImport.State


def import_history(result: Path, options: ImportOptions, hooks: ImportHooks) -> ImportReport:
    """Import the export `result` (see opening.find_result). Raises ExportError before anything was taken.

    Where the file breaks off later, or `should_stop` says so, the report tells it.
    """
    with _only_one_import(options), result.open("rb") as file:
        stream = RepairedStream(file)
        return _Import(result, stream, options, hooks).run()


@contextmanager
def _only_one_import(options: ImportOptions) -> Iterator[None]:
    """Two imports at once would each find nothing of what the other is about to store."""
    if options.is_dry_run:
        yield
        return
    with session_connection().cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_ONLY_ONE])
        if not cursor.fetchone()[0]:
            raise ExportError("another import of history is running; wait for its end")
    try:
        # Whoever left these behind did not live to say so.
        HistoryImport.objects.filter(state=State.RUNNING).update(
            state=State.STOPPED, finished_at=timezone.now(), note="Ended without a word."
        )
        yield
    finally:
        with session_connection().cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_ONLY_ONE])


class _Import:
    def __init__(
        self, result: Path, stream: RepairedStream, options: ImportOptions, hooks: ImportHooks
    ) -> None:
        self._result = result
        self._stream = stream
        self._options = options
        self._hooks = hooks
        self._folder = ExportFolder(result.parent)
        self._memory = RunMemory()
        self._taken: list[ChatImport] = []
        self._messages = 0
        self.report = ImportReport(file_name=result.name, is_dry_run=options.is_dry_run)

    def run(self) -> ImportReport:
        try:
            self._read_all()
        except ExportError as error:
            self._close_last()
            if not self.report.chats or self._messages == 0:
                raise
            self.report.broken = f"{error}, after {self._messages:,} messages"
        self._finish()
        return self.report

    def _read_all(self) -> None:
        current: ChatImport | None = None
        for item in read_export(self._stream):
            if isinstance(item, ChatHead):
                self._close_last()
                if self.report.was_stopped:
                    return
                current = self._open(item)
            elif current is not None:
                current.take(item)
                self._messages += 1
                if current.is_full:
                    current.flush()
                    self._note_progress()
                    if self.report.was_stopped:
                        return
        self._close_last()

    def _open(self, head: ChatHead) -> ChatImport:
        if self._options.chat_id is not None and not head.is_alone:
            raise ExportError("this is the export of a whole account; --chat is for the export of one chat")
        taking = ChatImport(
            head,
            options=self._options,
            on_added=self._hooks.on_added,
            folder=self._folder,
            file_name=f"{self._result.parent.name}/{self._result.name}",
            run=self._memory,
        )
        self._taken.append(taking)
        self.report.chats.append(taking.report)
        return taking

    def _close_last(self) -> None:
        if self._taken:
            self._taken[-1].flush()
            self._taken[-1].release()
            self._note_progress()

    def _note_progress(self) -> None:
        self._hooks.on_progress(self._stream.position, self._messages)
        self.report.was_stopped = self.report.was_stopped or self._hooks.should_stop()
        # With DEBUG on Django keeps every statement; a batch's are megabytes.
        reset_queries()

    def _finish(self) -> None:
        is_whole = not self.report.broken and not self.report.was_stopped
        self.report.sha256 = self._stream.sha256 if is_whole else ""
        for taking in self._taken:
            state = State.FINISHED
            if taking is self._taken[-1] and not is_whole:
                state = State.FAILED if self.report.broken else State.STOPPED
            note = self.report.broken if state == State.FAILED else ""
            taking.finish(state=state, sha256=self.report.sha256, note=note)
