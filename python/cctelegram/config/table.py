"""The one table of settings.

load.py, `cctelegram config show`, the example file and the reference page (tests/config/pages.py) are made
from it, and settings.py has the same names as attributes; a test compares the two. There is no key that
nothing reads.
"""

from __future__ import annotations

from typing import Any

import msgspec

from cctelegram.config import alerts, quiet_hours, rules
from cctelegram.config.kinds import (
    API_BASE_KIND,
    BOOLEAN,
    COLLECTOR_KIND,
    HEADERS_KIND,
    HOST,
    PATH,
    TIMEZONE,
    TOKEN_KIND,
    USERS,
    Kind,
    choice,
    integer,
    number,
)
from cctelegram.config.records import by_name, listed
from cctelegram.config.retention import AGE, COUNTS, GLOBS, SCHEDULE, SIZES
from cctelegram.config.route import Route


class Key(msgspec.Struct, frozen=True):
    """One setting.

    Args:
        name: the dotted name in config.toml.
        kind: the kind of its value.
        default: the TOML value; None for none.
        about: its description, in a sentence.
        variable: its environment name, where users already have one.
        live: whether a change takes effect without a restart.
        where: why it cannot be set in config.toml, and where it is set instead; None for a key that can.
        sample: for a setting of tables (records.py), an example in TOML.
    """

    name: str
    kind: Kind
    default: Any
    about: str
    variable: str | None = None
    live: bool = False
    where: str | None = None
    sample: str | None = None

    @property
    def environment(self) -> str:
        """Its environment name: `variable`, else made from section and key."""
        return self.variable or "CC_TELEGRAM_" + self.name.upper().replace(".", "_")

    @property
    def secret(self) -> bool:
        """Whether its value is never shown."""
        return self.kind in (TOKEN_KIND, HEADERS_KIND)


_SECONDS = number(0.1, 3600)
_MILLISECONDS = number(1, 100_000)

# Name of a pool, its use, and its limits: connections, idle, connect, read, keep-alive. client/loopback.py
# repeats the two loopback pools for code that must start fast; a test compares them.
_POOLS = (
    ("send", "Telegram methods", 10, 5, 5.0, 15.0, 60.0),
    ("poll", "`getUpdates`", 2, 1, 5.0, None, 60.0),  # its read timeout is that of the poll plus 10 s
    ("files", "uploads and downloads", 3, 1, 5.0, 30.0, 30.0),
    ("health", "requests to the local bridge to start, stop or change its mode", 2, 1, 5.0, 5.0, 30.0),
    ("status", "queries to the local bridge", 3, 2, 2.0, 2.0, 15.0),
)


def _pool(
    name: str, use: str, connections: int, idle: int, connect: float, read: float | None, keepalive: float
) -> tuple[Key, ...]:
    figures: tuple[tuple[str, Kind, float | None, str], ...] = (
        ("connections", integer(1, 100), connections, f"Maximum number of connections for {use}."),
        ("idle", integer(0, 100), idle, "Maximum number of idle connections kept open."),
        ("connect_seconds", _SECONDS, connect, "Timeout to connect, and to wait for a free connection."),
        ("read_seconds", _SECONDS, read, "Timeout without data while a response is received."),
        ("keepalive_seconds", _SECONDS, keepalive, "How long an idle connection is kept open."),
    )
    return tuple(
        Key(f"pools.{name}.{figure}", kind, default, about, live=True)
        for figure, kind, default, about in figures
        if default is not None
    )


ROUTES = listed(
    Route,
    "a list of tables with `to` (a user id, a group id, or an id and a topic, such as "
    '"-1001234567890:7"), and optionally `types` (names, categories, patterns), `sources` (names, '
    "patterns) and `min_severity` (low, medium, high, critical)",
)
_ROUTES_SAMPLE = """\
[[routes]]
to = "-1001234567890:7"
types = ["build_and_test", "deployment_*"]
sources = ["ci", "ci-*"]
min_severity = "high"
"""
# Default retention of each directory: see docs/cleanup.md.
_SMALL: dict[str, Any] = {"bytes": ["100MB", "50MB"], "count": [1000, 500], "keep": 10}
_LARGE: dict[str, Any] = {"bytes": ["500MB", "200MB"], "count": [1000, 500], "keep": 5}
_GLOBS: dict[str, Any] = {"include": [], "exclude": []}
_KEPT: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("rejected", "rejected files", {"age": "14d", **_SMALL, **_GLOBS}),
    ("responses", "answers that were not taken", {"age": "7d", **_SMALL, **_GLOBS}),
    ("taken", "taken answers", {"age": "24h", **_SMALL, **_GLOBS}),
    ("logs", "rotated logs", {**_LARGE, **_GLOBS}),
    ("captures", "memory captures and profiles", {"age": "30d", **_LARGE, **_GLOBS}),
    ("reports", "reports", {"age": "90d", **_SMALL, **_GLOBS}),
    ("temporary", "temporary files that a crash left in the spool", {"age": "1h"}),
    ("history", "finished events in the store", {"age": "30d"}),
)
_KEEPING = {
    "age": (AGE, "Maximum age."),
    "bytes": (SIZES, "Limit and target of the total size: above the limit, the oldest are removed."),
    "count": (COUNTS, "Limit and target of the number: above the limit, the oldest are removed."),
    "keep": (integer(0, 1_000_000), "The number of newest that are never removed."),
    "include": (GLOBS, "Clean only names that match one of these; empty for all."),
    "exclude": (GLOBS, "Never clean names that match one of these."),
}


def _kept(name: str, what: str, values: dict[str, Any]) -> tuple[Key, ...]:
    return tuple(
        Key(f"cleanup.{name}.{key}", _KEEPING[key][0], value, f"{_KEEPING[key][1]} For {what}.", live=True)
        for key, value in values.items()
    )


TABLE: tuple[Key, ...] = (
    Key(
        "telegram.token",
        TOKEN_KIND,
        None,
        "The bot's token.",
        "TELEGRAM_BOT_TOKEN",
        live=True,
        where="the token is not set here; write the line TELEGRAM_BOT_TOKEN=... to {env_file}",
    ),
    Key(
        "telegram.allowed_users",
        USERS,
        [],
        "The users whose messages are read and who get events; the first is the owner.",
        "TELEGRAM_ALLOWED_USERS",
        live=True,
    ),
    Key(
        "telegram.api_base",
        API_BASE_KIND,
        "https://api.telegram.org",
        "Address of the Bot API; plain http only to this machine.",
        "CC_TELEGRAM_API_BASE",
        live=True,
    ),
    Key(
        "telegram.poll_seconds",
        integer(1, 50),
        50,
        "How long a request for updates waits at Telegram.",
        live=True,
    ),
    Key(
        "routes",
        ROUTES,
        [],
        "Recipients of events besides the owner, who gets all of them (chats.md).",
        live=True,
        sample=_ROUTES_SAMPLE,
    ),
    Key(
        "spool.events_dir",
        PATH,
        "events",
        "Directory to which producers write events.",
        "CC_TELEGRAM_EVENTS_DIR",
    ),
    Key(
        "spool.responses_dir",
        PATH,
        "responses",
        "Directory to which answers are written.",
        "CC_TELEGRAM_RESPONSES_DIR",
    ),
    Key(
        "spool.max_event_bytes",
        integer(1024, 64 << 20),
        1 << 20,
        "Maximum size of an event; larger ones are rejected.",
        live=True,
    ),
    Key("spool.batch_events", integer(1, 10_000), 512, "Maximum number of events in a batch.", live=True),
    Key("spool.batch_bytes", integer(64 << 10, 256 << 20), 256 << 10, "Maximum size of a batch.", live=True),
    Key(
        "spool.quiet_seconds",
        number(0.1, 60),
        2.0,
        "How long a file that does not parse must be unchanged before it is rejected.",
        live=True,
    ),
    Key(
        "spool.unfinished_seconds",
        number(0.1, 600),
        30.0,
        "How long a file whose text ends in the middle must be unchanged before it is rejected; "
        "at least spool.quiet_seconds.",
        live=True,
    ),
    Key(
        "spool.rescan_seconds",
        number(1, 30),
        30.0,
        "Interval at which the events directory is scanned even without a notification.",
        live=True,
    ),
    Key(
        "spool.allow_mode_events",
        BOOLEAN,
        False,
        "Whether an event with `data.command` `/cct:nomad`, `/cct:local` or `/cct:mute` changes the mode.",
        live=True,
    ),
    Key(
        "mode.initial",
        choice("nomad", "local", "muted"),
        "nomad",
        "The initial mode; a mode that is set later is stored and takes precedence.",
        "CC_TELEGRAM_MODE",
    ),
    Key(
        "mode.quiet_hours",
        listed(quiet_hours.QuietHours, quiet_hours.ALLOWED),
        [],
        "Times, by `display.timezone`, when only what needs you is sent; a digest reports the rest.",
        live=True,
        sample=quiet_hours.SAMPLE,
    ),
    Key(
        "rules",
        by_name(rules.Rule, rules.ALLOWED),
        {},
        "How events of a type or source are delivered.",
        live=True,
        sample=rules.SAMPLE,
    ),
    Key(
        "display.timezone",
        TIMEZONE,
        "",
        "Time zone of displayed times.",
        "CC_TELEGRAM_TIMEZONE",
        live=True,
    ),
    Key(
        "display.style",
        choice("concise", "detailed"),
        "concise",
        "`concise` folds the less important parts of a message, `detailed` shows everything.",
        "CC_TELEGRAM_MESSAGE_STYLE",
        live=True,
    ),
    Key(
        "display.project_topics",
        BOOLEAN,
        True,
        "Use a topic for each project, in chats that have topics.",
        live=True,
    ),
    Key(
        "display.max_topics",
        integer(1, 1000),
        20,
        "Maximum number of topics in a chat; a further project reuses one that was idle for a day, or uses "
        "the chat itself.",
        live=True,
    ),
    Key("pacing.chat_per_second", number(0.01, 10_000), 1.0, "Messages a second to one chat.", live=True),
    Key("pacing.chat_burst", integer(1, 10_000), 3, "Messages to one chat that may go at once.", live=True),
    Key("pacing.group_per_minute", number(0.1, 100_000), 20.0, "Messages a minute to one group.", live=True),
    Key("pacing.total_per_second", number(0.1, 10_000), 30.0, "Messages a second to all chats.", live=True),
    Key(
        "lanes.alert_bound",
        integer(1, 10_000),
        20,
        "Maximum number of alerts that wait for a chat; more become one digest.",
        live=True,
    ),
    Key(
        "lanes.ordinary_bound",
        integer(1, 10_000),
        20,
        "Maximum number of other events that wait in a lane of a chat; more become one digest.",
        live=True,
    ),
    Key(
        "lanes.digest_seconds",
        number(1, 86_400),
        30.0,
        "How long the mode `local` collects held events before a digest reports them.",
        live=True,
    ),
    *(key for pool in _POOLS for key in _pool(*pool)),
    Key(
        "config.ttl_seconds",
        number(1, 86_400),
        300.0,
        "Interval at which the settings are compared with their files even without a notification.",
        live=True,
    ),
    Key("http.host", HOST, "127.0.0.1", "Loopback address of the bridge's HTTP server."),
    Key(
        "http.port",
        integer(0, 65535),
        8787,
        "Port of the bridge's HTTP server; 0 for any free one. state/bridge.json has the one in use.",
        "CC_TELEGRAM_HEALTH_PORT",
    ),
    Key(
        "audit.keep_days",
        integer(1, 36_500),
        30,
        "Days for which a file of the audit log is kept after its last entry.",
        live=True,
    ),
    Key(
        "log.level",
        choice("debug", "info", "warning", "error"),
        "info",
        "Minimum level of logged messages.",
        "CC_TELEGRAM_LOG_LEVEL",
        live=True,
    ),
    Key("log.keep", AGE, "7d", "Maximum age of rotated logs.", live=True),
    Key("cleanup.schedule", SCHEDULE, "1h", "When the bridge runs a cleanup round.", live=True),
    *(key for kept in _KEPT for key in _kept(*kept)),
    Key(
        "budgets.file_ms",
        _MILLISECONDS,
        100.0,
        "Storing a batch of events takes at most this, p95.",
        live=True,
    ),
    Key(
        "budgets.delivery_s", _SECONDS, 5.0, "From an event to the phone takes at most this, p95.", live=True
    ),
    Key("budgets.health_s", _SECONDS, 2.0, "An answer to /health takes at most this, p95.", live=True),
    Key(
        "budgets.memory_mb",
        number(1, 100_000),
        50.0,
        "Resident memory of the bridge, in millions of bytes.",
        live=True,
    ),
    Key(
        "budgets.monitoring_ms",
        _MILLISECONDS,
        100.0,
        "One sample of all metrics takes at most this.",
        live=True,
    ),
    Key(
        "alerts",
        by_name(alerts.AlertRule, alerts.ALLOWED, alerts.check),
        {},
        "Rules over the metrics that notify the owner, beside and instead of the default set.",
        live=True,
        sample=alerts.SAMPLE,
    ),
    Key(
        "otel.endpoint",
        COLLECTOR_KIND,
        "",
        "Address of an OpenTelemetry collector, to which traces, metrics and logs are exported by OTLP over "
        "HTTP (opentelemetry.md).",
        live=True,
    ),
    Key(
        "otel.headers",
        HEADERS_KIND,
        None,
        "Headers of each request to the collector, such as its key.",
        "OTEL_EXPORTER_OTLP_HEADERS",
        live=True,
        where="the headers are not set here; write the line OTEL_EXPORTER_OTLP_HEADERS=... to {env_file}",
    ),
    Key("otel.interval_seconds", number(1, 3600), 15.0, "Seconds between two exports.", live=True),
)

BY_NAME = {key.name: key for key in TABLE}
BY_VARIABLE = {key.environment: key for key in TABLE}
