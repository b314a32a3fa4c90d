"""One chat of an export: decides at its first messages where they belong, then stores batch after batch."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from django.utils import timezone

from clients.models import TelegramUser
from cvgorod_hub.common.texts import storable
from messaging.history.clock import ExportClock
from messaging.history.copying import NewRow
from messaging.history.errors import ChatRefusedError, UnreadableMessageError
from messaging.history.files import ExportFolder
from messaging.history.mapping import PRIVATE, Target, chat_type_of, check_is_private, find_target
from messaging.history.matching import Equals, SeenNumbers
from messaging.history.models import HistoryImport
from messaging.history.peers import Sender, bare_id
from messaging.history.reading import HistoryMessage, MessageReader
from messaging.history.report import COUNTED, ERASED, REFUSED, ChatReport
from messaging.history.storing import Stored, preview_batch, store_batch
from messaging.history.streaming import ChatHead
from messaging.models import Message

BATCH = 1000
State = HistoryImport.State


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """`chat_id`: where an export of one chat belongs. `zone`: of dates that carry none."""

    zone: tzinfo
    chat_id: int | None = None
    is_dry_run: bool = False
    our_bots: frozenset[int] = frozenset()
    batch_size: int = BATCH


@dataclass(kw_only=True)
class ImportHooks:
    """What the caller has to do with an import in the middle of it.

    `on_added`: with the new rows of a batch, inside its transaction. `on_progress`: bytes and messages read.
    """

    on_added: Callable[[Sequence[Message]], None] | None = None
    on_progress: Callable[[int, int], None] = field(default=lambda _position, _messages: None)
    should_stop: Callable[[], bool] = field(default=lambda: False)


@dataclass(kw_only=True)
class RunMemory:
    """What is remembered from chat to chat, so that a dry run counts nobody and nothing twice: an account
    lists a chat among its chats and among those that it left.
    """

    new_people: set[int] = field(default_factory=set)
    seen: dict[int, SeenNumbers] = field(default_factory=lambda: defaultdict(SeenNumbers))


class ChatImport:
    """`take` every message, `flush` when it `is_full` and at the end, then `finish`."""

    def __init__(
        self,
        head: ChatHead,
        *,
        options: ImportOptions,
        on_added: Callable[[Sequence[Message]], None] | None,
        folder: ExportFolder,
        file_name: str,
        run: RunMemory,
    ) -> None:
        self._head = head
        self._options = options
        self._on_added = on_added
        self._folder = folder
        self._file_name = file_name
        self._run = run
        self._clock = ExportClock(options.zone)
        self._raw: list[object] = []
        self._target: Target | None = None
        self._reader: MessageReader | None = None
        self._equals = Equals()
        self._speakers: set[Sender] = set()
        self._log: HistoryImport | None = None
        self.report = ChatReport(export_id=head.id, export_type=head.type, name=storable(head.name))

    @property
    def is_full(self) -> bool:
        return len(self._raw) >= self._options.batch_size

    def take(self, raw: object) -> None:
        self._raw.append(raw)

    def flush(self) -> None:
        """Store the batch. A chat that is refused is read to its end, and its messages are only counted."""
        raw, self._raw = self._raw, []
        if not raw:
            return
        self.report.messages += len(raw)
        try:
            batch, unreadable = self._read(raw)
            target = self._target = self._find_target(batch)
        except ChatRefusedError as error:
            self.report.refused = self.report.refused or str(error)
            self.report.skip(REFUSED, len(raw))
            return
        for reason, count in unreadable.items():
            self.report.skip(reason, count)
        if batch:
            self._store(target, batch)

    def release(self) -> None:
        """Nothing more of this chat will come: an account has thousands of them."""
        self._equals = Equals()
        self._reader = None

    def finish(self, *, state: State, sha256: str, note: str) -> None:
        """Say in the table of imports how it ended; what never began is not there."""
        if self._log is not None:
            self._log.state, self._log.sha256, self._log.note = state, sha256, note
            self._log.finished_at = timezone.now()
            self._log.save(update_fields=["state", "sha256", "note", "finished_at"])

    def _read(self, raw: Sequence[object]) -> tuple[list[HistoryMessage], Counter[str]]:
        """The messages that can be read, and how many cannot, by reason. Raises ChatRefusedError."""
        if self.report.refused:
            raise ChatRefusedError(self.report.refused)
        reader = self._reader = self._reader or MessageReader(
            chat_type=chat_type_of(self._head), clock=self._clock, folder=self._folder
        )
        batch: list[HistoryMessage] = []
        unreadable: Counter[str] = Counter()
        for each in raw:
            try:
                batch.append(reader.read(each))
            except UnreadableMessageError as error:
                unreadable[f"unreadable: {error}"] += 1
        return batch, unreadable

    def _find_target(self, batch: Sequence[HistoryMessage]) -> Target:
        """Raises ChatRefusedError: nobody knows, or later messages belie what the first ones seemed to be."""
        senders = {message.sender for message in batch}
        is_old = self._clock.has_local_dates
        if self._target is not None:
            if self._head.type in PRIVATE:
                self._speakers |= senders
                check_is_private(bare_id(self._head.id, is_old=is_old), self._speakers)
            return self._target
        self._speakers = senders
        target = find_target(
            self._head,
            senders=senders,
            is_old=is_old,
            chat_id=self._options.chat_id,
            our_bots=self._options.our_bots,
        )
        self.report.chat_id, self.report.is_new_chat = target.chat_id, target.is_new
        return target

    def _store(self, target: Target, batch: Sequence[HistoryMessage]) -> None:
        moments = [message.sent_at for message in batch]
        self.report.note_dates(min(moments), max(moments))
        self.report.has_local_dates = self._clock.has_local_dates
        if self._options.is_dry_run:
            self._count(
                preview_batch(target, batch, self._equals, seen=self._run.seen[target.chat_id]), batch
            )
            return

        def after(stored: Stored, rows: Sequence[NewRow]) -> None:
            if self._on_added is not None:
                self._on_added([row.as_message() for row in rows])
            self._count(stored, batch)
            self._write_log(target)

        store_batch(
            target,
            batch,
            self._equals,
            our_bots=self._options.our_bots,
            other_bots=[self._head.id] if self._head.type == "bot_chat" else (),
            after=after,
        )

    def _count(self, stored: Stored, batch: Sequence[HistoryMessage]) -> None:
        self.report.added += stored.added
        self.report.present += len(batch) - stored.added - stored.erased
        if stored.erased:
            self.report.skip(ERASED, stored.erased)
        new_people = stored.new_people - self._run.new_people
        self._run.new_people |= new_people
        self.report.people_added += len(new_people)

    def _write_log(self, target: Target) -> None:
        """One row a chat and run; a chat that does not exist and gets nothing has none."""
        if self._log is None:
            if target.is_new and not self.report.added:
                return
            # A private talk is called after the person, who may have asked that no name be kept.
            erased = TelegramUser.objects.filter(pk=target.chat_id, erased_at__isnull=False).exists()
            self._log = HistoryImport(
                file_name="" if erased else self._file_name[-255:],
                export_chat_id=self._head.id,
                export_type=self._head.type[:40],
                export_name="" if erased else self.report.name[:256],
                chat_id=target.chat_id,
            )
        for name in COUNTED:
            setattr(self._log, name, getattr(self.report, name))
        self._log.save()
