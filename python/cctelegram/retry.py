"""Backoff: how long to wait before a retry, as a policy for each kind of failure."""

from __future__ import annotations

from typing import Final, NamedTuple


class Backoff(NamedTuple):
    """A wait that doubles with each failure, up to a bound.

    Attributes:
        first: seconds before the first retry.
        longest: seconds that no wait exceeds.
        jitter: the largest share taken off a wait at random, so that clients do not retry in step.
    """

    first: float
    longest: float
    jitter: float = 0.0

    def seconds(self, failures: int, chance: float = 0.0) -> float:
        """Return the wait in seconds after consecutive failures (0: the first); `chance` in [0, 1)."""
        # The exponent is bounded, not only the result: after a night of failures the power would overflow.
        wait = min(self.longest, self.first * 2.0 ** min(failures, 20))
        return wait * (1.0 - self.jitter * (1.0 - chance))


# Restart of a failed component: soon at first, then rarely, so that a lasting fault does not fill the log.
RESTART: Final = Backoff(0.5, 30.0)
# A request to Telegram that may be repeated.
REQUEST: Final = Backoff(1.0, 300.0, jitter=0.5)
# getMe, at the start of a connection.
CONNECT: Final = Backoff(1.0, 30.0, jitter=0.5)
# A disk or directory that cannot be used: full, read-only, missing. A person may fix it at any moment.
DISK: Final = Backoff(1.0, 2.0)
# A store that cannot be opened or recovered.
STORE: Final = Backoff(0.5, 30.0)
# A collector of telemetry.
COLLECTOR: Final = Backoff(1.0, 300.0, jitter=0.5)
# getUpdates.
POLL: Final = Backoff(0.5, 30.0, jitter=0.5)
# A token that Telegram refuses: only a person can fix that, and a changed token gets a new poller at once.
TOKEN_REFUSED: Final = Backoff(300.0, 300.0)
# A token that another bridge on this machine holds.
TOKEN_LOCK: Final = Backoff(10.0, 10.0)
