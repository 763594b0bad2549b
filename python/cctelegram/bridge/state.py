"""`state/bridge.json`: where the running bridge is reached, and the key that asks it."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Final

import msgspec

from cctelegram.bridge import clock
from cctelegram.decisions.outcomes import rfc3339

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "bridge.json"


class BridgeFile(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in it; `key` is made anew at each start."""

    pid: int
    port: int
    key: str
    version: str
    started_at: str


def write(state: Path, port: int, key: str, version: str) -> Path:
    """Write the file, 0600, whole or not at all."""
    content = BridgeFile(
        pid=os.getpid(), port=port, key=key, version=version, started_at=rfc3339(clock.wall())
    )
    target = state / NAME
    temporary = state / f".{NAME}.{secrets.token_hex(4)}.tmp"
    temporary.touch(mode=0o600)
    temporary.write_bytes(msgspec.json.encode(content))
    temporary.replace(target)
    return target
