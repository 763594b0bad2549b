"""Queries to the running bridge about its outbox and its history, over loopback HTTP.

Start-cheap.
"""

from __future__ import annotations

from cctelegram import _native
from cctelegram.server import bridge
from cctelegram.server.refusal import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# A search of 100,000 events outside the index takes seconds.
SECONDS = 30.0


class Unreachable(Refusal):
    """The bridge is down, or holds its lock but does not answer."""


def ask(home: str, path: str, *, order: bool = False, seconds: float = SECONDS, **given: object) -> Any:
    """Return the bridge's answer to `path` within `seconds`; `given` is the query, None values left out.

    Raises Unreachable when it does not answer, Refusal with the bridge's own message on an error.
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
    except Refusal as refusal:
        raise Unreachable(str(refusal)) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unreachable(bridge.SILENT.format(why=f"{type(error).__name__}: {error}")) from None
    if code == 200:
        return told
    raise Refusal(str(told.get("error") if isinstance(told, dict) else f"the bridge answered {code}"))
