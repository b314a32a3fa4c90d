"""When a message of an export was sent: `date_unixtime`; before 2021 only local time, without a zone."""

from datetime import UTC, datetime, tzinfo

from messaging.history.errors import UnreadableMessageError
from messaging.history.streaming import JSON

# The year 2200: later times are no message's. Telegram began in 2013.
_BEGIN, _END = 1_356_998_400, 7_258_118_400


class ExportClock:
    """Reads the times of one chat's messages, in their order.

    An hour that the clocks showed twice is told apart by what was said before it: messages stand in the
    order in which they were sent.
    """

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._before: datetime | None = None
        self.has_local_dates = False

    def sent_at(self, raw: JSON) -> datetime | None:
        """In UTC; None where it has no date at all (`unsupported`). Raises UnreadableMessageError."""
        moment = self._moment(raw, "date")
        if moment is not None:
            self._before = moment
        return moment

    def edited_at(self, raw: JSON, sent_at: datetime) -> datetime | None:
        """None where it was not edited; exports of 2018 say then that it was edited in 1970."""
        if "edited" not in raw and "edited_unixtime" not in raw:
            return None
        try:
            edited = self._moment(raw, "edited")
        except UnreadableMessageError:
            return None
        return edited if edited is not None and edited > sent_at else None

    def _moment(self, raw: JSON, name: str) -> datetime | None:
        seconds, local = raw.get(f"{name}_unixtime"), raw.get(name)
        if seconds is None and local is None:
            return None
        try:
            moment = (
                self._from_local(str(local)) if seconds is None else datetime.fromtimestamp(int(seconds), UTC)
            )
            if _BEGIN <= moment.timestamp() < _END:
                return moment
        except (TypeError, ValueError, OverflowError, OSError):
            pass
        raise UnreadableMessageError(f"{name} is no time of our days")

    def _from_local(self, text: str) -> datetime:
        written = datetime.fromisoformat(text)
        if written.tzinfo is not None:
            return written.astimezone(UTC)
        self.has_local_dates = True
        first = written.replace(tzinfo=self._zone).astimezone(UTC)
        if self._before is not None and first < self._before:
            second = written.replace(tzinfo=self._zone, fold=1).astimezone(UTC)
            return max(first, second)
        return first
