"""The settings as the rooms read them: frozen, every value checked, every path absolute.

The attributes are the names of table.py: `settings.telegram.poll_seconds`. A profile of defaults is
`load.load(home, {}, {}).settings`.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from cctelegram.config.quiet_hours import QuietHours
from cctelegram.config.route import Route
from cctelegram.config.rules import Rule
from cctelegram.config.secret import Secret


class Telegram(msgspec.Struct, frozen=True, kw_only=True):
    """Token (None before it is given), who is heard, where the Bot API is."""

    token: Secret | None
    allowed_users: tuple[int, ...]
    api_base: str  # without a slash at the end
    poll_seconds: int

    @property
    def owner(self) -> int | None:
        """The first of the allowed users."""
        return self.allowed_users[0] if self.allowed_users else None

    @property
    def bot_id(self) -> int | None:
        """The bot's number, which is the part of the token that is no secret."""
        return int(self.token.reveal().partition(":")[0]) if self.token else None


class Spool(msgspec.Struct, frozen=True, kw_only=True):
    """Where events and answers lie, and the bounds of a batch."""

    events_dir: str
    responses_dir: str
    max_event_bytes: int
    batch_events: int
    batch_bytes: int
    quiet_seconds: float
    unfinished_seconds: float
    rescan_seconds: float
    allow_mode_events: bool


class Mode(msgspec.Struct, frozen=True, kw_only=True):
    """The mode before anybody has set one, and when it is quiet whatever the mode."""

    initial: str
    quiet_hours: tuple[QuietHours, ...]


class Display(msgspec.Struct, frozen=True, kw_only=True):
    """How messages look. `timezone` is an IANA name, empty for the system's: see zone.zone."""

    timezone: str
    style: str
    project_topics: bool
    max_topics: int


class Pacing(msgspec.Struct, frozen=True, kw_only=True):
    """How fast messages may go."""

    chat_per_second: float
    chat_burst: int
    group_per_minute: float
    total_per_second: float


class Pool(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one pool of connections; times in seconds. `read_seconds` is None for the poll's."""

    connections: int
    idle: int
    connect_seconds: float
    read_seconds: float | None = None
    keepalive_seconds: float


class Pools(msgspec.Struct, frozen=True, kw_only=True):
    """The pools by purpose."""

    send: Pool
    poll: Pool
    files: Pool
    health: Pool
    status: Pool


class Lanes(msgspec.Struct, frozen=True, kw_only=True):
    """When what waits is told together."""

    alert_bound: int
    ordinary_bound: int
    digest_seconds: float


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """How long a snapshot of the settings is trusted."""

    ttl_seconds: float


class Http(msgspec.Struct, frozen=True, kw_only=True):
    """Where the bridge's own HTTP listens."""

    host: str
    port: int


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """How long the log of decisions is kept."""

    keep_days: int


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """What is logged, and how long that is kept (such as `7d`, see amounts.seconds)."""

    level: str
    keep: str


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much is kept of a directory, as it was written (see amounts.py): limit and target, or nothing."""

    bytes: tuple[str, ...]
    count: tuple[int, ...]
    keep: int
    include: tuple[str, ...]
    exclude: tuple[str, ...]


class Kept(Limits, frozen=True, kw_only=True):
    """How much and how long."""

    age: str


class KeptFor(msgspec.Struct, frozen=True, kw_only=True):
    """How long alone."""

    age: str


class Cleanup(msgspec.Struct, frozen=True, kw_only=True):
    """When the bridge cleans, and what is kept. How long logs are kept says `log.keep`."""

    schedule: str
    rejected: Kept
    responses: Kept
    taken: Kept
    logs: Limits
    captures: Kept
    reports: Kept
    temporary: KeptFor
    history: KeptFor


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One snapshot of all settings. A change makes another snapshot; nothing in one ever changes."""

    home: str
    telegram: Telegram
    routes: tuple[Route, ...]
    spool: Spool
    mode: Mode
    rules: Mapping[str, Rule]
    display: Display
    pacing: Pacing
    lanes: Lanes
    pools: Pools
    config: Config
    http: Http
    audit: Audit
    log: Log
    cleanup: Cleanup
