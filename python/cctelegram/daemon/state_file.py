"""`state/bridge.json`: address and key of the running bridge, and the settings of the loopback pools."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cctelegram import durable
from cctelegram.config import paths
from cctelegram.runtime import clock
from cctelegram.runtime.signals import SettingsChanged
from cctelegram.times.instant import rfc3339

if TYPE_CHECKING:
    from cctelegram.runtime.context import Context
    from cctelegram.web.serve import Server

NAME: Final = "bridge.json"
# The key alone, as programs read it that take a bearer token from a file, such as Prometheus.
KEY_NAME: Final = "http.key"


class BridgeFile(msgspec.Struct, frozen=True, kw_only=True):
    """Content of the file; `key` is new at each start, `pools` are the settings of the loopback pools."""

    pid: int
    host: str
    port: int
    key: str
    version: str
    started_at: str
    pools: dict[str, Any]


class StateFile:
    """The state file of one bridge and the key beside it: mode 0600, written atomically, removed at stop."""

    def __init__(self, context: Context, server: Server, key: str, version: str) -> None:
        self._context = context
        self._target = Path(paths.state_dir(str(context.home))) / NAME
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

    def write(self, *, force: bool = False) -> None:
        """Write the file if the settings of the loopback pools changed; with `force`, in any case.

        Raises:
            OSError: the file cannot be written.
        """
        pools = self._context.settings.pools
        figures = {"health": msgspec.to_builtins(pools.health), "status": msgspec.to_builtins(pools.status)}
        if self._content.pools == figures and not force:
            return
        content = msgspec.structs.replace(self._content, pools=figures)
        self._replace(self._target.with_name(KEY_NAME), content.key.encode())
        self._replace(self._target, msgspec.json.encode(content))
        self._content = content

    def exists(self) -> bool:
        """Whether the file exists; before the first `write`, it is left from an unclean end."""
        return self._target.exists()

    def remove(self) -> None:
        """Remove the file, and the one with the key."""
        self._target.unlink(missing_ok=True)
        self._target.with_name(KEY_NAME).unlink(missing_ok=True)

    @staticmethod
    def _replace(target: Path, content: bytes) -> None:
        with durable.replacing(target) as out:
            out.write(content)
