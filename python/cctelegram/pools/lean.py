"""httpx without its command line, and without its loggers.

Import httpx from here: `from cctelegram.pools.lean import httpx`.

httpx logs the URL of each request at INFO, httpcore more at DEBUG; in the Bot API the URL holds the token.
What is kept out of memory is in `absent.py`.
"""

from __future__ import annotations

import logging

from cctelegram.absent import importing

__all__ = ["httpx", "silence"]

with importing("httpx"):
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
