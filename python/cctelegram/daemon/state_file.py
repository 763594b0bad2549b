"""`state/bridge.json`: where the running bridge is reached, the key that asks it, and how it is asked."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cctelegram.config import place
from cctelegram.decisions.outcomes import rfc3339
from cctelegram.runtime import clock
from cctelegram.runtime.signals import SettingsChanged

if TYPE_CHECKING:
    from cctelegram.runtime.context import Context
    from cctelegram.web.serve import Server

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

    def __init__(self, context: Context, server: Server, key: str, version: str) -> None:
        self._context = context
        self._target = Path(place.state_dir(str(context.home))) / NAME
        self._content = BridgeFile(
            pid=os.getpid(),
            host=server.host,
            port=server.port,
            key=key,
            version=version,
            started_at=rfc3339(clock.wall()),
            pools={},
        )

        context.signals.listen(SettingsChanged, self._settings_changed)

    def _settings_changed(self, _: SettingsChanged) -> None:
        try:
            self.write()
        except OSError as error:
            self._context.log.warning("bridge.state_file_failed", reason=str(error))

    def write(self, *, anew: bool = False) -> None:
        """Write it with the figures of the loopback pools, unless it has them; `anew`: all the same.

        Raises:
            OSError: it cannot be written.
        """
        pools = self._context.settings.pools
        figures = {"health": msgspec.to_builtins(pools.health), "status": msgspec.to_builtins(pools.status)}
        if self._content.pools == figures and not anew:
            return
        content = msgspec.structs.replace(self._content, pools=figures)
        temporary = self._target.with_name(f".{NAME}.{secrets.token_hex(4)}.tmp")
        temporary.touch(mode=0o600)
        temporary.write_bytes(msgspec.json.encode(content))
        temporary.replace(self._target)
        self._content = content

    def exists(self) -> bool:
        """Whether it is there; before the first `write`, it is of a bridge that did not end as it should."""
        return self._target.exists()

    def remove(self) -> None:
        """Remove it."""
        self._target.unlink(missing_ok=True)
