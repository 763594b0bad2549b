"""How long to wait before work that failed is tried again."""

from __future__ import annotations

from typing import Final, NamedTuple


class Backoff(NamedTuple):
    """A wait that doubles with each failure, up to a bound.

    Attributes:
        first: seconds before the first retry.
        longest: seconds that no wait exceeds.
        jitter: the share of a wait that chance takes away, so that many clients do not retry at one moment.
    """

    first: float
    longest: float
    jitter: float = 0.0

    def seconds(self, failures: int, chance: float = 0.0) -> float:
        """Return the wait after so many failures in a row (0: the first); `chance` in [0, 1)."""
        wait = min(self.longest, self.first * 2.0 ** min(failures, 20))
        return wait * (1.0 - self.jitter * (1.0 - chance))


# A component that failed begins again: soon at first, and rarely while the fault lasts, for the log's sake.
RESTART: Final = Backoff(0.5, 30.0)
# A request to Telegram that may be repeated.
REQUEST: Final = Backoff(1.0, 300.0, jitter=0.5)
# Asking Telegram who the bot is, at the start of a connection.
CONNECT: Final = Backoff(1.0, 30.0, jitter=0.5)
# A disk that cannot be written: full, read-only, no permission. A person mends it, at any moment.
DISK: Final = Backoff(1.0, 2.0)
# A token that another bridge on this machine holds.
TOKEN_LOCK: Final = Backoff(10.0, 10.0)
