"""A real bridge that kills itself with SIGKILL at a named step. For tests only.

    python tests/crash/launcher.py ARMED bridge --home HOME --port 0

ARMED is a file that a test writes: the step, and how many passes to skip, as JSON. It is read at each pass,
so that a running bridge can be armed. Without the file the bridge is as shipped: it contains no steps. Before
it dies, the step is added to `ARMED.died`.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import os
import signal
import sys
from concurrent.futures import Future
from contextvars import ContextVar
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from crash.steps import HTTP, ROOM, STEPS, Step


class Fuse:
    """Counts the passes of the armed step, and kills the process at the chosen one."""

    def __init__(self, armed: Path) -> None:
        self._armed = armed
        self._order = b""
        self._left = 0
        self._durable: set[str] = set()  # what the open transaction did; of the store's thread alone

    def passed(self, step: str) -> None:
        """Record that a step is passed; the process may end here."""
        try:
            order = self._armed.read_bytes()
        except FileNotFoundError:
            return
        told = json.loads(order)
        if told["step"] != step:
            return
        if order != self._order:
            self._order, self._left = order, told["passes"]
        if self._left == 0:
            with open(f"{self._armed}.died", "a") as died:  # noqa: PTH123 - the name has a suffix added
                died.write(f"{step}\n")
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1

    def written(self, target: str) -> None:
        """Record that the open transaction contains the work of `target`."""
        self._durable.add(target)

    def committed(self) -> None:
        """Record that the transaction is durable, before its callers learn of it."""
        durable, self._durable = self._durable, set()
        for target in sorted(durable):
            self.passed(str(Step(target, "durable")))


def install(fuse: Fuse) -> None:
    """Put the fuse into every step."""
    for target in sorted({step.target for step in STEPS if step.moment not in HTTP}):
        module, _, name = target.partition(":")
        owner: Any = importlib.import_module(ROOM + module)
        *path, last = name.split(".")
        for part in path:
            owner = getattr(owner, part)
        setattr(owner, last, _fused(fuse, target, getattr(owner, last)))
    _fuse_commits(fuse)
    _fuse_calls(fuse)


def _fused(fuse: Fuse, target: str, real: Any) -> Any:
    before, after = str(Step(target, "before")), str(Step(target, "after"))
    if inspect.iscoroutinefunction(real):

        @functools.wraps(real)
        async def waiting(*args: Any, **kwargs: Any) -> Any:
            fuse.passed(before)
            result = await real(*args, **kwargs)
            fuse.passed(after)
            return result

        return waiting

    @functools.wraps(real)
    def direct(*args: Any, **kwargs: Any) -> Any:
        fuse.passed(before)
        result = real(*args, **kwargs)
        fuse.passed(after)
        fuse.written(target)
        return result

    return direct


def _fuse_commits(fuse: Fuse) -> None:
    store: Any = importlib.import_module(f"{ROOM}store.database")

    class Told(Future[Any]):
        # The store gives results back only after the commit.
        def set_result(self, result: Any) -> None:
            fuse.committed()
            super().set_result(result)

    store.Future = Told


def _fuse_calls(fuse: Fuse) -> None:
    api: Any = importlib.import_module(f"{ROOM}telegram.api")
    method: ContextVar[str] = ContextVar("method")
    call, trace = api.Api.call, api._SentTrace.__call__

    async def fused_call(self: Any, name: str, params: Any = None) -> Any:
        method.set(name)
        fuse.passed(str(Step(name, "asked")))
        result = await call(self, name, params)
        fuse.passed(str(Step(name, "answered")))
        return result

    async def fused_trace(self: Any, event: str, info: dict[str, Any]) -> None:
        await trace(self, event, info)
        if event == "http11.receive_response_headers.started":
            fuse.passed(str(Step(method.get(), "left")))

    api.Api.call = fused_call
    api._SentTrace.__call__ = fused_trace


if __name__ == "__main__":
    from cctelegram.cli import main

    armed, *words = sys.argv[1:]
    install(Fuse(Path(armed)))
    sys.argv[1:] = words
    sys.exit(main())
