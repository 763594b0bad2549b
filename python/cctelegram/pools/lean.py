"""httpx without its command line, and without its voice.

Import httpx from here: `from cctelegram.pools.lean import httpx`.

Where click and rich happen to be installed, `import httpx` pulls in its command line with both of them
(5.6 MB). And httpx logs the whole address of each request at INFO, httpcore more at DEBUG; in the Bot API
the address holds the token.
"""

from __future__ import annotations

import logging

from cctelegram.absent import BEHIND_HTTPX, standing_in

__all__ = ["httpx", "silence"]

# None makes `from ._main import main` an ImportError, and httpx then does without.
_MAIN = "httpx._main"
with standing_in(*BEHIND_HTTPX, blocked=(_MAIN,)):
    import httpx

_VOICES = ("httpx", *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")))


class _Nothing(logging.Filter):
    """Lets no record through; stays in place when somebody sets levels or enables loggers again."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002  a filter's signature
        return False


def silence() -> None:
    """Let httpx and httpcore log nothing, whatever level is set; calling it again changes nothing."""
    for name in _VOICES:
        logger = logging.getLogger(name)
        # The level saves the work of writing the record, the filter is what holds.
        logger.setLevel(logging.CRITICAL + 1)
        if not any(isinstance(each, _Nothing) for each in logger.filters):
            logger.addFilter(_Nothing())


silence()
