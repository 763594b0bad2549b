"""The settings as the code reads them: frozen, every value checked, every path absolute.

The attributes have the names in table.py: `settings.telegram.poll_seconds`. To get the defaults, call
`load.load(home, {}, {}).settings`.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from cctelegram.config.alerts import AlertRule
from cctelegram.config.quiet_hours import QuietHours
from cctelegram.config.route import Route
from cctelegram.config.rules import Rule
from cctelegram.config.secret import Secret


class Telegram(msgspec.Struct, frozen=True, kw_only=True):
    """Token (None until it is set), allowed users, address of the Bot API."""

    token: Secret | None
    allowed_users: tuple[int, ...]
    api_base: str  # without a trailing slash
    poll_seconds: int

    @property
    def owner(self) -> int | None:
        """The first of the allowed users; None if there are none."""
        return self.allowed_users[0] if self.allowed_users else None

    @property
    def bot_id(self) -> int | None:
        """The bot's id, the part of the token that is not secret; None without a token."""
        return int(self.token.reveal().partition(":")[0]) if self.token else None


class Spool(msgspec.Struct, frozen=True, kw_only=True):
    """Directories of events and answers, and limits of a batch."""

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
    """The mode until one is set, and the quiet hours, which apply in every mode."""

    initial: str
    quiet_hours: tuple[QuietHours, ...]


class Display(msgspec.Struct, frozen=True, kw_only=True):
    """Form of messages. `timezone` is an IANA name, empty for the system's: see zone.zone."""

    timezone: str
    style: str
    project_topics: bool
    max_topics: int


class Pacing(msgspec.Struct, frozen=True, kw_only=True):
    """Rate limits of messages."""

    chat_per_second: float
    chat_burst: int
    group_per_minute: float
    total_per_second: float


class Pool(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one pool; times in seconds. `read_seconds` is None for the `poll` pool."""

    connections: int
    idle: int
    connect_seconds: float
    read_seconds: float | None = None
    keepalive_seconds: float


class Pools(msgspec.Struct, frozen=True, kw_only=True):
    """Pools by purpose."""

    send: Pool
    poll: Pool
    files: Pool
    health: Pool
    status: Pool


class Lanes(msgspec.Struct, frozen=True, kw_only=True):
    """When waiting events become a digest."""

    alert_bound: int
    ordinary_bound: int
    digest_seconds: float


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Time to live of a snapshot of the settings."""

    ttl_seconds: float


class Http(msgspec.Struct, frozen=True, kw_only=True):
    """Listening address of the bridge's own HTTP server."""

    host: str
    port: int


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """Retention of the log of decisions."""

    keep_days: int


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """Level of the log, and its retention (such as `7d`, see times/duration.py)."""

    level: str
    keep: str


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of a directory's content, as written (see size.py): limit and target, or empty."""

    bytes: tuple[str, ...]
    count: tuple[int, ...]
    keep: int
    include: tuple[str, ...]
    exclude: tuple[str, ...]


class Kept(Limits, frozen=True, kw_only=True):
    """Limits of content and age."""

    age: str


class KeptFor(msgspec.Struct, frozen=True, kw_only=True):
    """Limit of age only."""

    age: str


class Cleanup(msgspec.Struct, frozen=True, kw_only=True):
    """Schedule of cleanup, and retention by directory. `log.keep` limits the age of logs."""

    schedule: str
    rejected: Kept
    responses: Kept
    taken: Kept
    logs: Limits
    captures: Kept
    reports: Kept
    temporary: KeptFor
    history: KeptFor


class Budgets(msgspec.Struct, frozen=True, kw_only=True):
    """What the product may take: the limits of benchmarks, alerts, dashboard and sentinel.

    Attributes:
        file_ms: storing a batch of events, p95, in milliseconds.
        delivery_s: from an event's occurrence to its arrival at Telegram, p95, in seconds.
        health_s: answering /health, p95, in seconds.
        memory_mb: resident memory of the bridge, in megabytes (1,000,000 bytes).
        monitoring_ms: one sample of all metrics, in milliseconds.
    """

    file_ms: float
    delivery_s: float
    health_s: float
    memory_mb: float
    monitoring_ms: float


class Otel(msgspec.Struct, frozen=True, kw_only=True):
    """Export to an OpenTelemetry collector; an empty `endpoint` for none."""

    endpoint: str  # without a trailing slash
    headers: Secret | None
    interval_seconds: float


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One immutable snapshot of all settings. A change creates another snapshot."""

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
    budgets: Budgets
    alerts: Mapping[str, AlertRule]
    otel: Otel
