"""A component: a part of the bridge with one life cycle."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from cctelegram.runtime.wake import Wake

if TYPE_CHECKING:
    from collections.abc import Callable

    from cctelegram.runtime.context import Context


class Component(ABC):
    """What the bridge holds a list of; start, status, problems and stop are loops over that list.

    It keeps nothing that is not in the store, or can be read again: `run` begins with a look at the store,
    and may be begun again after any failure.

    Attributes:
        name: for the log and for problems; a phrase such as "writing answers".
        wakes_on: the signals that wake it.
    """

    name: ClassVar[str]
    wakes_on: ClassVar[tuple[type, ...]] = ()

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._log = context.log
        self._signals = context.signals
        self._wake = Wake()

    async def run(self) -> None:
        """Work until cancelled, and listen meanwhile; after an exception the supervisor begins it again."""
        with self._signals.listening(self._listeners()):
            await self._work()

    def problems(self) -> list[str]:
        """Return what keeps it from its whole work now, each as a sentence for a person."""
        return []

    @property
    def failing(self) -> bool:
        """Whether its problem stops what the bridge is for: `/health` then says "failing", not "degraded"."""
        return False

    def status(self) -> dict[str, Any]:
        """Return what it counted or measured, as keys of `/status`."""
        return {}

    @abstractmethod
    async def _work(self) -> None:
        """Do the work, until cancelled."""

    def _listeners(self) -> dict[type, Callable[[Any], None]]:
        """Return who listens for which signal; by default, each of `wakes_on` wakes the component."""
        return dict.fromkeys(self.wakes_on, self._wake.ring)
