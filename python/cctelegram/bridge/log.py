"""The bridge's log: JSON lines, one object an occurrence, in `logs/bridge.jsonl`.

No token is ever given to it: errors carry no address, and the HTTP library's own loggers are silent.
"""

from __future__ import annotations

import logging
import os
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

# structlog imports rich, for its console renderer, and greenlet, for servers that switch by it, wherever they
# happen to be installed: 6 MB that this process would carry for ever. None makes such an import an
# ImportError, and structlog does without.
_blocked = [name for name in ("rich", "greenlet") if name not in sys.modules]
for _name in _blocked:
    sys.modules[_name] = None  # type: ignore[assignment]  # the documented way to block an import
import structlog  # noqa: E402 - after the block above

for _name in _blocked:
    del sys.modules[_name]

if TYPE_CHECKING:
    from collections.abc import Callable

NAME: Final = "bridge.jsonl"
# A file is rotated at this many bytes; with the kept ones, at most 30 MB.
ROTATE_BYTES: Final = 5_000_000
KEPT: Final = 5
LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}


class _Rotating(RotatingFileHandler):
    """A file that is rotated, and made anew when it was removed."""

    def follow(self) -> None:
        """Write to the file that has the name, from now on; a log that cannot be is no reason to stop."""
        path = Path(self.baseFilename)
        try:
            if self.stream is not None and _is_at(self.stream.fileno(), path):
                return
            if self.stream is not None:
                self.stream.close()
            self.stream = None  # opened again by the next line
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
        except OSError:
            return

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Do without a line that cannot be written; what matters is in the status too."""


class _Stream:
    """What structlog writes a line to: a rotating file."""

    def __init__(self, handler: _Rotating) -> None:
        self._handler = handler

    def msg(self, line: str) -> None:
        self._handler.follow()
        self._handler.emit(logging.LogRecord("cctelegram", logging.INFO, "", 0, line, None, None))

    debug = info = warning = error = critical = msg


class _Filter:
    """Drops what is below the level that is wanted now."""

    def __init__(self, level: Callable[[], str]) -> None:
        self._level = level

    def __call__(self, _: Any, method: str, content: Any) -> Any:
        if LEVELS.get(method, 0) < LEVELS[self._level()]:
            raise structlog.DropEvent
        return content


def open_log(directory: Path, level: Callable[[], str]) -> Any:
    """Open the log; returns a structlog logger whose `close` ends it.

    `level` gives the least that is logged, as it is now.
    """
    handler = _Rotating(directory / NAME, maxBytes=ROTATE_BYTES, backupCount=KEPT, encoding="utf-8")
    (directory / NAME).chmod(0o600)
    return structlog.wrap_logger(
        _Stream(handler),
        processors=[
            _Filter(level),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(
                lambda content, **_: orjson.dumps(content, default=repr).decode()
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("debug"),
        cache_logger_on_first_use=False,
    )


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
