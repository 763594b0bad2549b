"""`state/bridge.json`: where the running bridge is reached, the key that asks it, and how it is asked."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cctelegram.bridge import clock
from cctelegram.decisions.outcomes import rfc3339

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.config.settings import Pools

NAME: Final = "bridge.json"


class BridgeFile(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in it; `key` is made anew at each start, `pools` are the figures of the loopback pools."""

    pid: int
    host: str
    port: int
    key: str
    version: str
    started_at: str
    pools: dict[str, Any]


class StateFile:
    """The file of one bridge: 0600, written whole or not at all, gone when the bridge is."""

    def __init__(self, state: Path, host: str, port: int, key: str, version: str) -> None:
        self._target = state / NAME
        self._content = BridgeFile(
            pid=os.getpid(),
            host=host,
            port=port,
            key=key,
            version=version,
            started_at=rfc3339(clock.wall()),
            pools={},
        )

    def write(self, pools: Pools, *, anew: bool = False) -> None:
        """Write it with these figures, unless it has them; `anew`: all the same. Raises OSError."""
        figures = {"health": msgspec.to_builtins(pools.health), "status": msgspec.to_builtins(pools.status)}
        if self._content.pools == figures and not anew:
            return
        content = msgspec.structs.replace(self._content, pools=figures)
        temporary = self._target.with_name(f".{NAME}.{secrets.token_hex(4)}.tmp")
        temporary.touch(mode=0o600)
        temporary.write_bytes(msgspec.json.encode(content))
        temporary.replace(self._target)
        self._content = content

    def remove(self) -> None:
        """Remove it."""
        self._target.unlink(missing_ok=True)
