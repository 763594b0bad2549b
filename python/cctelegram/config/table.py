"""The one table of settings.

The reader (load.py), `cctelegram config show`, the example file and the reference page
(tests/config/pages.py) are made from it, and settings.py holds the same names as attributes; a test compares
the two. A key that nothing reads does not stand here.
"""

from __future__ import annotations

from typing import Any

import msgspec

from cctelegram.config import quiet_hours, rules
from cctelegram.config.kinds import (
    API_BASE_KIND,
    BOOLEAN,
    HOST,
    PATH,
    TIMEZONE,
    TOKEN_KIND,
    USERS,
    Kind,
    choice,
    number,
    whole,
)
from cctelegram.config.records import by_name, listed
from cctelegram.config.retention import AGE, COUNTS, GLOBS, SCHEDULE, SIZES
from cctelegram.config.route import Route


class Key(msgspec.Struct, frozen=True):
    """One setting.

    Args:
        name: dotted, as it stands in config.toml.
        kind: what it may be.
        default: the value as TOML would give it; None for none.
        about: what it does, in a sentence.
        variable: its environment name where users already have one.
        live: a change counts without a restart.
        where: why it cannot stand in config.toml, and where it goes instead; None for all that can.
        sample: for a setting of tables (records.py), lines of TOML that show one.
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
        """Its environment name: the given one, else made from section and key."""
        return self.variable or "CC_TELEGRAM_" + self.name.upper().replace(".", "_")

    @property
    def secret(self) -> bool:
        """Whether its value is never shown."""
        return self.kind is TOKEN_KIND


_SECONDS = number(0.1, 3600)

# Name of a pool, its use, and its limits: connections, idle, connect, read, keep-alive. client/loopback.py
# repeats the two loopback pools for code that cannot afford this table; a test compares them.
_POOLS = (
    ("send", "Telegram methods", 10, 5, 5.0, 15.0, 60.0),
    ("poll", "`getUpdates`", 2, 1, 5.0, None, 60.0),  # its read timeout is that of the poll plus 10 s
    ("files", "uploads and downloads", 3, 1, 5.0, 30.0, 30.0),
    ("health", "starting, stopping and switching the bridge on this machine", 2, 1, 5.0, 5.0, 30.0),
    ("status", "asking the bridge on this machine", 3, 2, 2.0, 2.0, 15.0),
)


def _pool(
    name: str, use: str, connections: int, idle: int, connect: float, read: float | None, keepalive: float
) -> tuple[Key, ...]:
    figures: tuple[tuple[str, Kind, float | None, str], ...] = (
        ("connections", whole(1, 100), connections, f"Connections at once for {use}."),
        ("idle", whole(0, 100), idle, "Connections kept open while nothing goes over them."),
        ("connect_seconds", _SECONDS, connect, "Longest time to connect, and to wait for a free connection."),
        ("read_seconds", _SECONDS, read, "Longest silence while an answer comes."),
        ("keepalive_seconds", _SECONDS, keepalive, "How long an idle connection is kept."),
    )
    return tuple(
        Key(f"pools.{name}.{figure}", kind, default, about, live=True)
        for figure, kind, default, about in figures
        if default is not None
    )


ROUTES = listed(
    Route,
    "a list of tables with `to` (a user id, a group id, or an id and a topic, such as "
    '"-1001234567890:7"), and where wanted `types` (names, categories, patterns), `sources` (names, '
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
    ("rejected", "files that could not be used", {"age": "14d", **_SMALL, **_GLOBS}),
    ("responses", "answers that nobody took", {"age": "7d", **_SMALL, **_GLOBS}),
    ("taken", "answers that were taken", {"age": "24h", **_SMALL, **_GLOBS}),
    ("logs", "logs that are full", {**_LARGE, **_GLOBS}),
    ("captures", "memory captures and profiles", {"age": "30d", **_LARGE, **_GLOBS}),
    ("reports", "reports", {"age": "90d", **_SMALL, **_GLOBS}),
    ("temporary", "temporary files that a crash left in the spool", {"age": "1h"}),
    ("history", "what is finished in the store", {"age": "30d"}),
)
_KEEPING = {
    "age": (AGE, "Older goes."),
    "bytes": (SIZES, "Together larger than the first: the oldest go until the second is met."),
    "count": (COUNTS, "More than the first: the oldest go until the second is met."),
    "keep": (whole(0, 1_000_000), "So many of the newest always stay."),
    "include": (GLOBS, "Only names that fit one of these; none for all."),
    "exclude": (GLOBS, "Never names that fit one of these."),
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
        where="the token is not kept here; write the line TELEGRAM_BOT_TOKEN=... to {env_file}",
    ),
    Key(
        "telegram.allowed_users",
        USERS,
        [],
        "Who is heard and written to; the first is the owner.",
        "TELEGRAM_ALLOWED_USERS",
        live=True,
    ),
    Key(
        "telegram.api_base",
        API_BASE_KIND,
        "https://api.telegram.org",
        "Where the Bot API is; plain http only to this machine.",
        "CC_TELEGRAM_API_BASE",
        live=True,
    ),
    Key(
        "telegram.poll_seconds",
        whole(1, 50),
        50,
        "How long one request for updates waits at Telegram.",
        live=True,
    ),
    Key(
        "routes",
        ROUTES,
        [],
        "Who gets events beside the owner, who gets all (chats.md).",
        live=True,
        sample=_ROUTES_SAMPLE,
    ),
    Key(
        "spool.events_dir",
        PATH,
        "events",
        "Where producers write events.",
        "CC_TELEGRAM_EVENTS_DIR",
    ),
    Key(
        "spool.responses_dir",
        PATH,
        "responses",
        "Where answers are written.",
        "CC_TELEGRAM_RESPONSES_DIR",
    ),
    Key(
        "spool.max_event_bytes",
        whole(1024, 64 << 20),
        1 << 20,
        "Largest event; what is larger is rejected.",
        live=True,
    ),
    Key("spool.batch_events", whole(1, 10_000), 512, "Most events of one batch.", live=True),
    Key("spool.batch_bytes", whole(64 << 10, 256 << 20), 256 << 10, "Most bytes of one batch.", live=True),
    Key(
        "spool.quiet_seconds",
        number(0.1, 60),
        2.0,
        "How long a file that does not parse must stay as it is before it is rejected.",
        live=True,
    ),
    Key(
        "spool.unfinished_seconds",
        number(0.1, 600),
        30.0,
        "How long a file whose text ends in the middle must stay as it is before it is rejected; "
        "at least spool.quiet_seconds.",
        live=True,
    ),
    Key(
        "spool.rescan_seconds",
        number(1, 30),
        30.0,
        "How often the directory is read without being told.",
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
        "The first mode; one that was set later is kept and wins.",
        "CC_TELEGRAM_MODE",
    ),
    Key(
        "mode.quiet_hours",
        listed(quiet_hours.QuietHours, quiet_hours.ALLOWED),
        [],
        "When only what needs you reaches the phone, by `display.timezone`; a digest tells of the rest.",
        live=True,
        sample=quiet_hours.SAMPLE,
    ),
    Key(
        "rules",
        by_name(rules.Rule, rules.ALLOWED),
        {},
        "What becomes of the events of a type or a source.",
        live=True,
        sample=rules.SAMPLE,
    ),
    Key(
        "display.timezone",
        TIMEZONE,
        "",
        "The zone of times that are shown.",
        "CC_TELEGRAM_TIMEZONE",
        live=True,
    ),
    Key(
        "display.style",
        choice("concise", "detailed"),
        "concise",
        "What matters with the rest folded, or all of it open.",
        "CC_TELEGRAM_MESSAGE_STYLE",
        live=True,
    ),
    Key(
        "display.project_topics",
        BOOLEAN,
        True,
        "A topic for each project, in chats that have topics.",
        live=True,
    ),
    Key(
        "display.max_topics",
        whole(1, 1000),
        20,
        "Topics made in one chat; a further project gets one that was idle for a day, or goes to the chat.",
        live=True,
    ),
    Key("pacing.chat_per_second", number(0.01, 10_000), 1.0, "Messages a second to one chat.", live=True),
    Key("pacing.chat_burst", whole(1, 10_000), 3, "Messages to one chat that may go at once.", live=True),
    Key("pacing.group_per_minute", number(0.1, 100_000), 20.0, "Messages a minute to one group.", live=True),
    Key("pacing.total_per_second", number(0.1, 10_000), 30.0, "Messages a second to all chats.", live=True),
    Key(
        "lanes.alert_bound",
        whole(1, 10_000),
        20,
        "Alerts that may wait for a chat; more are told as one digest.",
        live=True,
    ),
    Key(
        "lanes.ordinary_bound",
        whole(1, 10_000),
        20,
        "Other events that may wait in one lane of a chat; more are told as one digest.",
        live=True,
    ),
    Key(
        "lanes.digest_seconds",
        number(1, 86_400),
        30.0,
        "How long the mode `local` gathers what it keeps back before a digest tells of it.",
        live=True,
    ),
    *(key for pool in _POOLS for key in _pool(*pool)),
    Key(
        "config.ttl_seconds",
        number(1, 86_400),
        300.0,
        "After how long the settings in force are compared with their files though no change was told.",
        live=True,
    ),
    Key("http.host", HOST, "127.0.0.1", "The loopback address that the bridge's own HTTP listens on."),
    Key(
        "http.port",
        whole(0, 65535),
        8787,
        "Its port; 0 for any free one. The one in use stands in state/bridge.json.",
        "CC_TELEGRAM_HEALTH_PORT",
    ),
    Key(
        "audit.keep_days",
        whole(1, 36_500),
        30,
        "How long a file of the audit log is kept after its last entry.",
        live=True,
    ),
    Key(
        "log.level",
        choice("debug", "info", "warning", "error"),
        "info",
        "The least that is logged.",
        "CC_TELEGRAM_LOG_LEVEL",
        live=True,
    ),
    Key("log.keep", AGE, "7d", "How long logs are kept.", live=True),
    Key("cleanup.schedule", SCHEDULE, "1h", "When the bridge cleans by itself.", live=True),
    *(key for kept in _KEPT for key in _kept(*kept)),
)

BY_NAME = {key.name: key for key in TABLE}
BY_VARIABLE = {key.environment: key for key in TABLE}
