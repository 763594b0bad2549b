"""The log of the bridge: JSON lines, one object per entry, in `logs/bridge.jsonl`.

It never contains a token: errors carry no address, and the HTTP library's own loggers are silent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from cctelegram.absent import importing
from cctelegram.runtime.log_file import LogFile

with importing("structlog"):
    import structlog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}


class _Filter:
    """Drops entries below the current level."""

    def __init__(self, level: Callable[[], str]) -> None:
        self._level = level

    def __call__(self, _: Any, method: str, content: Any) -> Any:
        if LEVELS.get(method, 0) < LEVELS[self._level()]:
            raise structlog.DropEvent
        return content


def open_log(directory: Path, level: Callable[[], str]) -> Any:
    """Open the log and return a structlog logger; `level` returns the current minimum level."""
    return structlog.wrap_logger(
        LogFile(directory),
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
