"""All metrics of the product: the one table behind `/metrics` and docs/metrics.md.

A constant is used where its metric is counted. Label values are the same words as in `/status` and in the
log. Everything counts since the start of the bridge, except what says that it outlives it.
"""

from __future__ import annotations

from typing import Final

from cctelegram.events.catalogue import EVENT_TYPES
from cctelegram.events.lane import LANES
from cctelegram.monitor.buckets import CALL_SECONDS, COUNTS, HUMAN_SECONDS, SECONDS
from cctelegram.monitor.metric import Label, Metric

LANE: Final = Label("lane", LANES)
TYPE: Final = Label("type", tuple(each.type for each in EVENT_TYPES))
# The names of the MCP tools; a test compares them with the server's.
TOOL: Final = Label(
    "tool",
    (
        "send_telegram_event",
        "send_telegram_message",
        "send_task_completion",
        "send_performance_alert",
        "list_event_types",
        "send_approval_request",
        "ask",
        "get_telegram_responses",
        "process_pending_responses",
        "get_bridge_status",
        "get_performance",
        "get_delivery",
        "search_history",
        "start_bridge",
        "ensure_bridge_running",
        "stop_bridge",
        "restart_bridge",
        "check_bridge_process",
        "switch_to_nomad_mode",
        "switch_to_local_mode",
        "switch_to_mute_mode",
        "cleanup",
        "profile",
    ),
)
STATE: Final = Label("state", ("queued", "held", "sending", "ambiguous", "dead", "dropped"))
POOL: Final = Label("pool", ("send", "poll", "files"))
METHOD: Final = Label(
    "method",
    (
        "getMe",
        "getUpdates",
        "sendMessage",
        "editMessageText",
        "sendDocument",
        "answerCallbackQuery",
        "setMessageReaction",
        "getChat",
        "createForumTopic",
        "editForumTopic",
        "setMyCommands",
    ),
)
DIRECTORY: Final = Label(
    "directory",
    (
        "events",
        "rejected",
        "responses",
        "taken",
        "logs",
        "captures",
        "reports",
        "state",
        "snapshots",
        "audit",
    ),
)


def _counter(name: str, unit: str, about: str, where: str, *labels: Label) -> Metric:
    return Metric(name, "counter", unit, about, where, labels)


def _gauge(name: str, unit: str, about: str, where: str, *labels: Label) -> Metric:
    return Metric(name, "gauge", unit, about, where, labels)


def _histogram(
    name: str, unit: str, about: str, where: str, *labels: Label, buckets: tuple[float, ...] = SECONDS
) -> Metric:
    return Metric(name, "histogram", unit, about, where, labels, buckets)


# --- the process: from /proc, or psutil where there is none ---

_PROCESS: Final = "monitor/process.py"
CPU: Final = _counter("process_cpu_seconds_total", "seconds", "User and system processor time", _PROCESS)
CPU_SHARE: Final = _gauge(
    "cctelegram_process_cpu_usage_ratio", "ratio", "Share of one core in use since the last sample", _PROCESS
)
RESIDENT: Final = _gauge("process_resident_memory_bytes", "bytes", "Resident memory", _PROCESS)
VIRTUAL: Final = _gauge("process_virtual_memory_bytes", "bytes", "Virtual memory", _PROCESS)
PSS: Final = _gauge(
    "cctelegram_process_pss_bytes", "bytes", "Resident memory, shared pages divided by their users", _PROCESS
)
USS: Final = _gauge("cctelegram_process_uss_bytes", "bytes", "Resident memory of no other process", _PROCESS)
PEAK: Final = _gauge(
    "cctelegram_process_peak_resident_bytes", "bytes", "Highest resident memory since the start", _PROCESS
)
DESCRIPTORS: Final = _gauge("process_open_fds", "", "Open file descriptors", _PROCESS)
DESCRIPTORS_LIMIT: Final = _gauge("process_max_fds", "", "Limit of open file descriptors", _PROCESS)
THREADS: Final = _gauge("cctelegram_process_threads", "", "Threads", _PROCESS)
SWITCHES: Final = _counter(
    "cctelegram_process_context_switches_total",
    "",
    "Context switches",
    _PROCESS,
    Label("kind", ("voluntary", "involuntary")),
)
FAULTS: Final = _counter(
    "cctelegram_process_page_faults_total", "", "Page faults", _PROCESS, Label("kind", ("minor", "major"))
)
READ: Final = _counter("cctelegram_process_read_bytes_total", "bytes", "Bytes read from disks", _PROCESS)
WRITTEN: Final = _counter(
    "cctelegram_process_written_bytes_total", "bytes", "Bytes written to disks", _PROCESS
)
STARTED: Final = _gauge(
    "process_start_time_seconds", "seconds", "Start of the process, in seconds since the epoch", _PROCESS
)
UPTIME: Final = _gauge("cctelegram_uptime_seconds", "seconds", "Time since the bridge started", _PROCESS)
GC_RUNS: Final = _counter(
    "python_gc_collections_total",
    "",
    "Runs of the garbage collector",
    _PROCESS,
    Label("generation", ("0", "1", "2")),
)
GC_PAUSE: Final = _histogram(
    "cctelegram_process_gc_pause_seconds", "seconds", "Duration of a garbage collection", _PROCESS
)
LOOP_LAG: Final = _histogram(
    "cctelegram_process_loop_lag_seconds",
    "seconds",
    "How much later than asked the event loop ran a timer",
    "daemon/monitoring.py",
)
TASKS: Final = _gauge(
    "cctelegram_process_tasks", "", "Tasks of the event loop that are not done", "daemon/monitoring.py"
)
FAILING: Final = _gauge(
    "cctelegram_components_failing", "", "Components that failed and do not work yet", "daemon/monitoring.py"
)

# --- the spool ---

_SPOOL: Final = "spool/tally.py"
_INTAKE: Final = "intake/intake.py"
FILES_WAITING: Final = _gauge(
    "cctelegram_spool_files_waiting", "", "Event files that are not taken yet", "daemon/directories.py"
)
OLDEST_FILE: Final = _gauge(
    "cctelegram_spool_oldest_file_seconds",
    "seconds",
    "Time since the oldest event file came",
    "daemon/directories.py",
)
BATCHES: Final = _counter("cctelegram_spool_batches_total", "", "Batches taken", _SPOOL)
BATCH_EVENTS: Final = _histogram(
    "cctelegram_spool_batch_events", "", "Events of a batch", _INTAKE, buckets=COUNTS
)
EVENTS: Final = _counter("cctelegram_spool_events_total", "", "Events stored", _INTAKE, TYPE)
REJECTED: Final = _counter(
    "cctelegram_spool_rejected_total",
    "",
    "Files and lines moved to rejected/",
    _SPOOL,
    Label("reason", ("empty", "encoding", "json", "depth", "cut", "object", "title", "size", "failed")),
)
REPAIRED: Final = _counter(
    "cctelegram_spool_repaired_total", "", "Events taken with a warning, most after a repair", _SPOOL
)
UNKNOWN_TYPES: Final = _counter(
    "cctelegram_spool_unknown_types_total", "", "Events of a type that is not in the catalogue", _SPOOL
)
EVENT_BYTES: Final = _counter("cctelegram_spool_read_bytes_total", "bytes", "Bytes of events read", _SPOOL)
PARSE: Final = _counter(
    "cctelegram_spool_parse_seconds_total", "seconds", "Time spent parsing, of all threads", _SPOOL
)
TAKE: Final = _counter("cctelegram_spool_take_seconds_total", "seconds", "Time spent taking batches", _SPOOL)
STORE_EVENTS: Final = _histogram(
    "cctelegram_spool_store_seconds",
    "seconds",
    "Time to store a batch durably, including the wait for earlier work of the store",
    _INTAKE,
)
EVENT_TO_STORE: Final = _histogram(
    "cctelegram_spool_event_to_store_seconds",
    "seconds",
    "Time from an event's occurrence, as its producer says, to its storing",
    _INTAKE,
)

# --- the outbox ---

_COUNTERS: Final = "daemon/counters.py"
_SENDER: Final = "delivery/sender.py"
_STORE: Final = "daemon/measurements.py"
QUEUED: Final = _gauge("cctelegram_outbox_queued", "", "Deliveries queued", _STORE, LANE)
OLDEST_QUEUED: Final = _gauge(
    "cctelegram_outbox_oldest_seconds",
    "seconds",
    "Time that the oldest queued delivery has waited",
    _STORE,
    LANE,
)
DELIVERIES: Final = _gauge(
    "cctelegram_outbox_deliveries", "", "Deliveries in the store that are not finished", _STORE, STATE
)
SENT: Final = _counter(
    "cctelegram_outbox_sent_total",
    "",
    "Deliveries that arrived whole: events, digests and notices",
    _COUNTERS,
    LANE,
)
PARTS: Final = _counter(
    "cctelegram_outbox_parts_total",
    "",
    "Messages and edits that Telegram accepted; a long delivery has several",
    _COUNTERS,
)
SILENT: Final = _counter(
    "cctelegram_outbox_silent_total",
    "",
    "Deliveries that arrived in a new message without a sound",
    _COUNTERS,
)
EDITED: Final = _counter(
    "cctelegram_outbox_edited_total",
    "",
    "Deliveries that arrived by editing an earlier message",
    _COUNTERS,
)
RETRIES: Final = _counter(
    "cctelegram_outbox_retries_total",
    "",
    "Requests to send what an earlier request failed to send",
    _SENDER,
)
DEAD_LETTERS: Final = _gauge(
    "cctelegram_outbox_dead_letters", "", "Dead deliveries that nobody dropped", _STORE
)
DIGESTED: Final = _counter("cctelegram_outbox_digested_total", "", "Events merged into a digest", _COUNTERS)
CONFLATED: Final = _counter(
    "cctelegram_outbox_conflated_total",
    "",
    "Progress of a task replaced by newer progress before it was sent",
    _SENDER,
)
DEDUPLICATED: Final = _counter(
    "cctelegram_outbox_deduplicated_total",
    "",
    "Deliveries of events that equal an earlier one, counted on its message",
    _INTAKE,
)
HELD: Final = _counter(
    "cctelegram_outbox_held_total",
    "",
    "Deliveries held, by what holds them",
    _COUNTERS,
    # "user": no user is allowed yet.
    Label("by", ("muted", "local", "quiet hours", "rule", "user")),
)
AMBIGUOUS: Final = _counter(
    "cctelegram_outbox_ambiguous_total", "", "Deliveries that ended with unknown delivery status", _COUNTERS
)
DEAD: Final = _counter(
    "cctelegram_outbox_dead_total",
    "",
    "Deliveries given up, by who did: Telegram refused them, there was nothing to send, a rule, the operator",
    _COUNTERS,
    Label("reason", ("refused", "empty", "rule", "operator")),
)
FAILURES: Final = _counter(
    "cctelegram_outbox_failures_total",
    "",
    "Requests to send that failed, by what follows",
    _COUNTERS,
    Label(
        "classification",
        (
            "Retry",
            "Repeat",
            "Pause",
            "Dead",
            "DeadChat",
            "DeadToken",
            "Moved",
            "WithoutThread",
            "Plainer",
        ),
    ),
)
DELIVERED: Final = _histogram(
    "cctelegram_outbox_event_to_delivered_seconds",
    "seconds",
    "Time from an event's occurrence to its arrival at Telegram",
    _COUNTERS,
    LANE,
)
RENDER: Final = _histogram(
    "cctelegram_outbox_render_seconds",
    "seconds",
    "Time to render a delivery into messages",
    _SENDER,
)
PAUSED: Final = _counter(
    "cctelegram_outbox_paused_seconds_total",
    "seconds",
    "Time that Telegram asked to wait before another message (429)",
    _SENDER,
)
PAUSE_LEFT: Final = _gauge(
    "cctelegram_outbox_pause_seconds",
    "seconds",
    "Time left of the longest pause; 0 without one",
    "daemon/telegram.py",
)

# --- Telegram ---

_API: Final = "telegram/api.py"
_POOLS: Final = "daemon/measurements.py"
REQUESTS: Final = _counter(
    "cctelegram_telegram_requests_total",
    "",
    "Requests to the Bot API",
    _API,
    METHOD,
    # The classes of telegram/errors.py, and "cancelled" for one that was given up.
    Label(
        "result",
        (
            "ok",
            "cancelled",
            "NotModified",
            "EditImpossible",
            "CantParseEntities",
            "ButtonRefused",
            "FileRefused",
            "TooLong",
            "Migrated",
            "ThreadNotFound",
            "ChatUnavailable",
            "TooOld",
            "Rejected",
            "Unauthorized",
            "Forbidden",
            "Conflict",
            "TooLarge",
            "RetryAfter",
            "ServerFault",
            "Doubtful",
            "NotSent",
            "Unclear",
        ),
    ),
)
REQUEST_TIME: Final = _histogram(
    "cctelegram_telegram_request_seconds",
    "seconds",
    "Time of a request to the Bot API; a poll waits for updates in it",
    _API,
    METHOD,
)
CONNECTED: Final = _gauge(
    "cctelegram_telegram_connected", "", "1 while the last poll was answered, else 0", "daemon/telegram.py"
)
POLL_AGE: Final = _gauge(
    "cctelegram_telegram_poll_age_seconds",
    "seconds",
    "Time since a poll was answered, before the first since the connection was begun",
    "daemon/telegram.py",
)
POLLS: Final = _counter("cctelegram_telegram_polls_total", "", "Polls", "telegram/poller.py")
POLL_FAILURES: Final = _counter(
    "cctelegram_telegram_poll_failures_total", "", "Polls that failed", "telegram/poller.py"
)
CONFLICTS: Final = _counter(
    "cctelegram_telegram_poll_conflicts_total",
    "",
    "Polls refused because another program polls with the token",
    "telegram/poller.py",
)
UPDATES: Final = _counter("cctelegram_telegram_updates_total", "", "Updates received", "telegram/poller.py")
UNAUTHORIZED: Final = _counter(
    "cctelegram_telegram_unauthorized_updates_total",
    "",
    "Updates of users that are not allowed, dropped",
    _COUNTERS,
)
POOL_REQUESTS: Final = _counter("cctelegram_pool_requests_total", "", "Requests of a pool", _POOLS, POOL)
POOL_OPENED: Final = _counter(
    "cctelegram_pool_connections_opened_total", "", "Connections opened", _POOLS, POOL
)
POOL_REUSED: Final = _counter(
    "cctelegram_pool_connections_reused_total", "", "Requests over a kept connection", _POOLS, POOL
)
POOL_OPEN: Final = _gauge("cctelegram_pool_connections", "", "Connections open", _POOLS, POOL)
POOL_WAITS: Final = _counter(
    "cctelegram_pool_waits_total", "", "Requests that waited for a free connection", _POOLS, POOL
)
POOL_WAITED: Final = _counter(
    "cctelegram_pool_wait_seconds_total", "seconds", "Time waited for a free connection", _POOLS, POOL
)
POOL_ERRORS: Final = _counter("cctelegram_pool_errors_total", "", "Requests that failed", _POOLS, POOL)
TLS: Final = _counter("cctelegram_pool_tls_seconds_total", "seconds", "Time of TLS handshakes", _POOLS, POOL)
HANDSHAKES: Final = _counter("cctelegram_pool_tls_handshakes_total", "", "TLS handshakes", _POOLS, POOL)

# --- decisions ---

OPEN: Final = _gauge("cctelegram_decisions_open", "", "Decisions that wait for a person", _STORE)
OLDEST_OPEN: Final = _gauge(
    "cctelegram_decisions_oldest_seconds", "seconds", "Age of the oldest open decision", _STORE
)
OPENED: Final = _counter("cctelegram_decisions_opened_total", "", "Decisions opened", _COUNTERS)
CLOSED: Final = _counter(
    "cctelegram_decisions_closed_total",
    "",
    "Decisions closed, by how",
    _COUNTERS,
    Label("outcome", ("answered", "expired", "cancelled")),
)
RESPONSE: Final = _histogram(
    "cctelegram_decisions_response_seconds",
    "seconds",
    "Time from the opening of a decision to its answer",
    _COUNTERS,
    buckets=HUMAN_SECONDS,
)
ANSWERS_WAITING: Final = _gauge(
    "cctelegram_decisions_answer_files", "", "Answer files that no agent has taken", "daemon/directories.py"
)

# --- MCP sessions: counted in each, added up by the bridge; totals outlive sessions and the bridge ---

_SESSIONS: Final = "daemon/sessions.py"
SESSIONS: Final = _gauge("cctelegram_mcp_sessions", "", "MCP sessions that run", _SESSIONS)
CALLS: Final = _counter(
    "cctelegram_mcp_calls_total",
    "",
    "Tool calls, of all sessions ever",
    _SESSIONS,
    TOOL,
    Label("result", ("ok", "error")),
)
CALL_TIME: Final = _histogram(
    "cctelegram_mcp_call_seconds",
    "seconds",
    "Time of a tool call, of all sessions ever; one that asks waits for the answer in it",
    _SESSIONS,
    TOOL,
    buckets=CALL_SECONDS,
)
SESSION_MEMORY: Final = _gauge(
    "cctelegram_mcp_resident_bytes", "bytes", "Resident memory of the largest session", _SESSIONS
)
SESSION_DESCRIPTORS: Final = _gauge(
    "cctelegram_mcp_open_fds", "", "Open file descriptors of the session with most", _SESSIONS
)

# --- settings ---

_LIVE: Final = "daemon/settings_watch.py"
CACHE_HITS: Final = _counter(
    "cctelegram_config_hits_total", "", "Reads of a snapshot younger than its time to live", _LIVE
)
CACHE_MISSES: Final = _counter(
    "cctelegram_config_misses_total",
    "",
    "Reads of an older snapshot, which is compared with its files",
    _LIVE,
)
RELOADS: Final = _counter("cctelegram_config_reloads_total", "", "Changed settings accepted", _LIVE)
REFUSED: Final = _counter("cctelegram_config_refused_total", "", "Changed settings refused", _LIVE)
INVALID: Final = _gauge(
    "cctelegram_config_invalid", "", "1 while the settings' files are refused, else 0", _LIVE
)
SETTINGS_AGE: Final = _gauge(
    "cctelegram_config_compared_seconds",
    "seconds",
    "Time since the settings in force were known to match their files",
    _LIVE,
)

# --- cleanup ---

_CLEANUP: Final = "cleanup/cleaning.py"
ROUNDS: Final = _counter("cctelegram_cleanup_rounds_total", "", "Rounds of cleanup", _CLEANUP)
SCANNED: Final = _counter("cctelegram_cleanup_scanned_total", "", "Files scanned", _CLEANUP)
REMOVED: Final = _counter("cctelegram_cleanup_removed_total", "", "Files and events removed", _CLEANUP)
FREED: Final = _counter("cctelegram_cleanup_freed_bytes_total", "bytes", "Bytes removed", _CLEANUP)
CLEANUP_ERRORS: Final = _counter(
    "cctelegram_cleanup_errors_total", "", "Files and directories that could not be cleaned", _CLEANUP
)
CLEANUP_TIME: Final = _histogram(
    "cctelegram_cleanup_duration_seconds", "seconds", "Duration of a round", _CLEANUP
)
CLEANUP_AT: Final = _gauge(
    "cctelegram_cleanup_last_time_seconds",
    "seconds",
    "Time of the last round, in seconds since the epoch",
    _CLEANUP,
)

CLEANUP_PROBLEMS: Final = _gauge(
    "cctelegram_cleanup_problems", "", "What the last round could not clean", _CLEANUP
)

# --- the store ---

TRANSACTIONS: Final = _counter(
    "cctelegram_store_transactions_total", "", "Transactions of the writer", _STORE
)
TRANSACTION_TIME: Final = _histogram(
    "cctelegram_store_transaction_seconds",
    "seconds",
    "Time of a transaction, commit included",
    _STORE,
)
DATABASE_BYTES: Final = _gauge("cctelegram_store_database_bytes", "bytes", "Size of the store", _STORE)
WAL_BYTES: Final = _gauge(
    "cctelegram_store_wal_bytes", "bytes", "Size of the store's write-ahead log", _STORE
)

# --- directories ---

_DIRECTORIES: Final = "daemon/directories.py"
FILES: Final = _gauge("cctelegram_directory_files", "", "Files of a directory", _DIRECTORIES, DIRECTORY)
DIRECTORY_BYTES: Final = _gauge(
    "cctelegram_directory_bytes", "bytes", "Size of a directory's files", _DIRECTORIES, DIRECTORY
)
OLDEST: Final = _gauge(
    "cctelegram_directory_oldest_seconds",
    "seconds",
    "Time since a directory's oldest file came or changed",
    _DIRECTORIES,
    DIRECTORY,
)
FREE: Final = _gauge(
    "cctelegram_disk_free_bytes", "bytes", "Free space of the disk that holds the home", _DIRECTORIES
)

# --- the bridge's own HTTP server ---

ROUTE: Final = Label(
    "route",
    (
        "live",
        "ready",
        "health",
        "status",
        "metrics",
        "api",
        "events",
        "page",
        "deliveries",
        "outbox",
        "cleanup",
    ),
)
HTTP_REQUESTS: Final = _counter(
    "cctelegram_http_requests_total",
    "",
    "Requests answered on loopback",
    "web/count.py",
    ROUTE,
    Label("code", ("200", "302", "303", "304", "400", "401", "403", "404", "405", "409", "500", "503")),
)
HTTP_TIME: Final = _histogram(
    "cctelegram_http_request_seconds",
    "seconds",
    "Time to answer a request on loopback",
    "web/count.py",
    ROUTE,
)

# --- health, alerts, budgets ---

HEALTH: Final = _gauge(
    "cctelegram_health",
    "",
    "1 for the state of health in force, 0 for the others",
    "daemon/status.py",
    Label("state", ("ok", "degraded", "failing")),
)
BUDGET: Final = _gauge(
    "cctelegram_budget_ratio",
    "ratio",
    "Use of a budget: 1 is all of it",
    "monitor/budgets.py",
    Label("budget", ("file_ms", "delivery_s", "health_s", "memory_mb", "monitoring_ms")),
)
ALERTS: Final = _gauge("cctelegram_alerts_firing", "", "Alert rules that fire", "daemon/alerts.py")
SCRAPE: Final = _gauge(
    "cctelegram_monitoring_sample_seconds",
    "seconds",
    "Time of the last sample of all metrics",
    "daemon/monitoring.py",
)
# Its labels are set in monitor/exposition.py: version of CCTelegram and of Python.
INFO: Final = _gauge("cctelegram_info", "", "1, with the versions", "monitor/exposition.py")

METRICS: Final[tuple[Metric, ...]] = tuple(
    each for each in list(globals().values()) if isinstance(each, Metric)
)
