"""httpx without its command line, and httpcore without certifi; both without their loggers.

Import them from here: `from cctelegram.pools.lean import httpx`.

httpx logs the URL of each request at INFO, httpcore more at DEBUG; in the Bot API the URL holds the token.
What is kept out of memory is in `absent.py`.
"""

from __future__ import annotations

import logging

from cctelegram.absent import importing

__all__ = ["httpcore", "httpx", "silence"]

with importing("httpcore"):
    import httpcore
with importing("httpx"):
    import httpx

_LOGGERS = ("httpx", *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")))


class _DropAll(logging.Filter):
    """Drops every record; stays in place when levels are set or loggers are enabled again."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002  a filter's signature
        return False


def silence() -> None:
    """Silence the loggers of httpx and httpcore at any level; idempotent."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        # The level saves making the record; the filter holds whatever level is set later.
        logger.setLevel(logging.CRITICAL + 1)
        if not any(isinstance(each, _DropAll) for each in logger.filters):
            logger.addFilter(_DropAll())


silence()
