"""When a delivery is tried again, and when an endpoint that takes nothing."""

import random
from datetime import timedelta

# Between one attempt and the next. What none of them brought home is given up, some 33 hours after it began.
PAUSES = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=24),
)
MOST_ATTEMPTS = len(PAUSES) + 1
# An endpoint that fails is probed at least so often, so that it does not wait for a day once it is back.
LONGEST_PROBE_PAUSE = timedelta(minutes=30)
# What an endpoint may ask for by Retry-After.
LONGEST_ASKED = timedelta(hours=6)
# Added at random, so that many deliveries put off at once do not come back at once.
JITTER = 0.2
# Without a single success for so long an endpoint is paused until a person looks at it.
PAUSED_AFTER = timedelta(days=3)


def pause_after(attempts: int, *, asked: timedelta = timedelta(0)) -> timedelta:
    """The pause after so many attempts (1 or more); at least what the endpoint asked for, within bounds."""
    pause = PAUSES[min(attempts, len(PAUSES)) - 1]
    return max(pause * random.uniform(1, 1 + JITTER), min(asked, LONGEST_ASKED))  # noqa: S311  (no secret)


def probe_pause(strikes: int, *, asked: timedelta = timedelta(0)) -> timedelta:
    """The same for an endpoint that has failed so many times in a row."""
    own = min(pause_after(strikes), LONGEST_PROBE_PAUSE)
    return max(own, min(asked, LONGEST_ASKED))
