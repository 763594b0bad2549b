"""The application: the routes of all subjects, for this machine only, and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from cctelegram.web import api, control, dashboard, outbox, profiles, state
from cctelegram.web.count import Counted
from cctelegram.web.host import OwnMachineOnly
from cctelegram.web.lean import Starlette

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from cctelegram.monitor.values import Metrics
    from cctelegram.web.access import Access
    from cctelegram.web.stream import Streams


class Bridge(state.State, control.Control, outbox.Outbox, api.Reporting, Protocol):
    """What the routes ask of the bridge."""

    @property
    def profiles(self) -> profiles.Profiles:
        """Return what takes profiles of this process; imported with the first use."""

    @property
    def streams(self) -> Streams:
        """Return the clients of /events."""


def app(bridge: Bridge, access: Access, metrics: Metrics) -> ASGIApp:
    """Return the application; every route but /live, /ready and the way in requires the key."""
    keyed = access.keyed
    routes = [
        *state.routes(bridge, keyed),
        *control.routes(bridge, keyed),
        *outbox.routes(bridge, keyed),
        *profiles.routes(bridge, keyed),
        *api.routes(bridge, keyed),
        bridge.streams.route(keyed),
        *dashboard.routes(access),
    ]
    return Counted(OwnMachineOnly(Starlette(routes=routes)), metrics)
