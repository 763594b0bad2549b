"""Queries to the running bridge about its outbox and its history, over loopback HTTP.

Start-cheap.
"""

from __future__ import annotations

import time

from cctelegram import _native
from cctelegram.client import BridgeError, Unreachable, bridge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# A search of 100,000 events outside the index takes seconds.
SECONDS = 30.0
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def ask(home: str, path: str, *, order: bool = False, seconds: float = SECONDS, **given: object) -> Any:
    """Return the bridge's answer to `path` within `seconds`; `given` is the query, None values left out.

    Raises Unreachable when it does not answer, BridgeError with the bridge's own message on an error.
    """
    if not bridge.is_up(home):
        raise Unreachable(bridge.DOWN)
    from cctelegram.client.loopback import segment  # noqa: PLC0415 - rarely needed

    pairs = [
        f"{name}={segment(str(one))}"
        for name, value in given.items()
        if value is not None
        for one in (value if isinstance(value, list) else [value])
    ]
    target = f"{path}?{'&'.join(pairs)}" if pairs else path
    try:
        code, body = bridge.ask(bridge.where(home), target, order=order, seconds=seconds)
        told = _native.loads(body)
    except BridgeError as error:
        raise Unreachable(str(error)) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unreachable(bridge.SILENT.format(why=f"{type(error).__name__}: {error}")) from None
    if code == 200:
        return told
    raise BridgeError(str(told.get("error") if isinstance(told, dict) else f"the bridge answered {code}"))


def ago(length: str) -> int:
    """Return the time `length` ago, such as 90s, 30m, 12h or 2d, in microseconds since the epoch.

    Raises ValueError for an invalid length.
    """
    if not length[:-1].isdecimal() or length[-1] not in UNITS:
        raise ValueError(f"read {length}; it takes a number and a unit, such as 90s, 30m, 12h or 2d")
    return time.time_ns() // 1000 - int(length[:-1]) * UNITS[length[-1]] * 1_000_000
