"""A neighbour's failure, said once, at the edge, in our own words."""


class ExternalServiceError(Exception):
    """A call to Telegram, DeepSeek or Yandex did not do what was asked.

    `permanent`: asking again will not help. `retry_after`: seconds to wait, where the neighbour said so.
    The message holds no secret: whoever raises it has redacted it.
    """

    def __init__(self, message: str, *, permanent: bool = False, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after = retry_after
