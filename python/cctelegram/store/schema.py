"""The store's tables, and the migrations from older versions.

All times are integers: microseconds since the epoch, UTC. A migration is a forward script; `user_version`
counts the applied ones. A store of a newer program is refused, never guessed at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

FIRST: Final = """
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    intake_key BLOB NOT NULL UNIQUE,          -- 16 bytes; recognises a file that is read again after a crash
    event_id TEXT NOT NULL UNIQUE,            -- the producer's, or derived; `<id>~2` for a reused one
    type TEXT NOT NULL,
    title TEXT NOT NULL,
    source TEXT NOT NULL,
    task_id TEXT NOT NULL,
    correlation_id TEXT,
    lane INTEGER NOT NULL,                    -- 0 decisions, 1 alerts, 2 ordinary, 3 progress
    severity TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    body TEXT NOT NULL,                       -- the JSON object as the producer wrote it
    warnings TEXT,                            -- JSON list of sentences: what was repaired
    taken_at INTEGER NOT NULL
);

CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    event INTEGER REFERENCES events(id),      -- null for a notice
    bot INTEGER REFERENCES bots(id),          -- the sender; null before the first try
    chat_id INTEGER,                          -- null while there are no allowed users
    thread_id INTEGER,
    lane INTEGER NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('queued', 'held', 'sending', 'sent', 'digested', 'ambiguous', 'dead')),
    silent INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,      -- tries that failed and are to be repeated
    unclear INTEGER NOT NULL DEFAULT 0,       -- tries with unknown delivery status
    crashed INTEGER NOT NULL DEFAULT 0,       -- of these, the ones that a crash left in flight
    not_before INTEGER NOT NULL DEFAULT 0,
    reason TEXT,                              -- why held or dead, in a sentence
    merged_into INTEGER REFERENCES deliveries(id),
    queued_at INTEGER NOT NULL,
    sending_at INTEGER,
    sent_at INTEGER
);
CREATE INDEX deliveries_waiting ON deliveries (chat_id, lane, id) WHERE state = 'queued';
CREATE INDEX deliveries_open ON deliveries (state, id)
    WHERE state IN ('held', 'sending', 'ambiguous', 'dead');
CREATE INDEX deliveries_event ON deliveries (event);

CREATE TABLE parts (
    id INTEGER PRIMARY KEY,
    delivery INTEGER NOT NULL REFERENCES deliveries(id) ON DELETE CASCADE,
    position INTEGER NOT NULL,                -- 0, 1, ... in the order of sending
    payload TEXT,                             -- JSON of text, entities and markup; null once it was sent
    message_id INTEGER,
    sent_at INTEGER,
    UNIQUE (delivery, position)
);

CREATE INDEX parts_message ON parts (message_id) WHERE message_id IS NOT NULL;

CREATE TABLE decisions (
    id INTEGER PRIMARY KEY,
    event INTEGER NOT NULL UNIQUE REFERENCES events(id),
    code TEXT NOT NULL UNIQUE,                -- the opaque id in the buttons' data
    prompt TEXT NOT NULL,
    options TEXT NOT NULL,                    -- JSON list of the producer's labels
    default_pair INTEGER NOT NULL,            -- 1 when the options are Approve and Deny
    allow_text INTEGER NOT NULL,
    awaited_by TEXT,
    opened_at INTEGER NOT NULL,
    expires_at INTEGER,
    default_option INTEGER,                   -- index of `default_on_timeout`
    state TEXT NOT NULL CHECK (state IN ('open', 'answered', 'expired', 'cancelled')),
    option INTEGER,
    text TEXT,
    user_id INTEGER,
    username TEXT,
    first_name TEXT,
    chat_id INTEGER,
    message_id INTEGER,
    closed_at INTEGER
);
CREATE INDEX decisions_open ON decisions (expires_at) WHERE state = 'open';

CREATE TABLE cards (
    id INTEGER PRIMARY KEY,
    decision INTEGER NOT NULL REFERENCES decisions(id),
    delivery INTEGER NOT NULL REFERENCES deliveries(id),
    bot INTEGER NOT NULL REFERENCES bots(id),
    chat_id INTEGER NOT NULL,
    message_id INTEGER,
    payload TEXT NOT NULL,                    -- the part that carries the buttons, as it was rendered
    shown TEXT NOT NULL DEFAULT 'open',       -- the decision's state that the message on the phone shows
    attempts INTEGER NOT NULL DEFAULT 0,
    not_before INTEGER NOT NULL DEFAULT 0,
    sent_at INTEGER
);
CREATE INDEX cards_decision ON cards (decision);
CREATE INDEX cards_message ON cards (chat_id, message_id);
CREATE INDEX cards_delivery ON cards (delivery);

CREATE TABLE answers (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('decision', 'message', 'command')),
    event INTEGER REFERENCES events(id),
    name TEXT NOT NULL UNIQUE,                -- of the file under responses/
    body TEXT NOT NULL,                       -- the content of the file
    created_at INTEGER NOT NULL,
    written_at INTEGER                        -- null until the file is on the disk
);
CREATE INDEX answers_unwritten ON answers (id) WHERE written_at IS NULL;

CREATE TABLE bots (
    id INTEGER PRIMARY KEY,
    api_base TEXT NOT NULL,
    bot_id INTEGER NOT NULL,
    update_offset INTEGER NOT NULL DEFAULT 0,
    paused_until INTEGER NOT NULL DEFAULT 0,
    UNIQUE (api_base, bot_id)
);

CREATE TABLE chats (
    id INTEGER PRIMARY KEY,
    bot INTEGER NOT NULL REFERENCES bots(id),
    chat_id INTEGER NOT NULL,
    paused_until INTEGER NOT NULL DEFAULT 0,  -- the end of Telegram's retry_after
    dead_reason TEXT,                         -- blocked, kicked; null while it is reachable
    UNIQUE (bot, chat_id)
);

CREATE TABLE updates (
    id INTEGER PRIMARY KEY,
    bot INTEGER NOT NULL REFERENCES bots(id),
    update_id INTEGER NOT NULL,
    payload TEXT,                             -- null once it was handled
    received_at INTEGER NOT NULL,
    handled_at INTEGER,
    UNIQUE (bot, update_id)
);
CREATE INDEX updates_unhandled ON updates (id) WHERE handled_at IS NULL;

CREATE TABLE positions (
    name BLOB PRIMARY KEY,                    -- of a .jsonl file
    device INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    offset INTEGER NOT NULL,                  -- bytes taken
    head_hash INTEGER NOT NULL                 -- of the first bytes, to detect a reused inode
);

CREATE TABLE strangers (
    user_id INTEGER PRIMARY KEY,
    tries INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL
);

CREATE TABLE facts (
    name TEXT PRIMARY KEY,                    -- 'card_key', 'mode', ...
    value BLOB NOT NULL
);
"""

PROGRESS: Final = """
CREATE TABLE progress_messages (
    id INTEGER PRIMARY KEY,
    bot INTEGER NOT NULL REFERENCES bots(id),
    chat_id INTEGER NOT NULL,
    task TEXT NOT NULL,
    message_id INTEGER NOT NULL,              -- the message that is edited while the task runs
    edited_at INTEGER NOT NULL,
    UNIQUE (bot, chat_id, task)
);
"""

AUDIT: Final = """
CREATE TABLE audit (
    number INTEGER PRIMARY KEY,               -- of an entry of the audit log that is not in a file yet
    line TEXT NOT NULL
);
"""

REPEATS: Final = """
ALTER TABLE deliveries ADD COLUMN times INTEGER NOT NULL DEFAULT 1;  -- equal events that it reports
ALTER TABLE deliveries ADD COLUMN follows INTEGER REFERENCES deliveries(id);  -- whose message it edits
CREATE INDEX deliveries_follows ON deliveries (follows) WHERE follows IS NOT NULL;
"""

CHATS: Final = """
ALTER TABLE chats ADD COLUMN is_forum INTEGER;                       -- null until getChat answered
ALTER TABLE chats ADD COLUMN looked_at INTEGER NOT NULL DEFAULT 0;   -- when getChat answered
ALTER TABLE chats ADD COLUMN topics_reason TEXT;                     -- why no topic can be created here
ALTER TABLE chats ADD COLUMN topics_after INTEGER NOT NULL DEFAULT 0; -- when to try that again

CREATE TABLE topics (
    id INTEGER PRIMARY KEY,
    bot INTEGER NOT NULL REFERENCES bots(id),
    chat_id INTEGER NOT NULL,
    project TEXT NOT NULL,
    thread_id INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (bot, chat_id, project)
);

CREATE TABLE moved_chats (
    id INTEGER PRIMARY KEY,
    bot INTEGER NOT NULL REFERENCES bots(id),
    old_id INTEGER NOT NULL,                  -- as the settings may still name it
    new_id INTEGER NOT NULL,
    UNIQUE (bot, old_id)
);
"""

OPERATOR_ACTIONS: Final = """
ALTER TABLE parts ADD COLUMN unclear INTEGER NOT NULL DEFAULT 0;  -- 1: may be on the phone; sent as a repeat
CREATE INDEX deliveries_merged ON deliveries (merged_into) WHERE merged_into IS NOT NULL;
"""

# Searches fill the index, never the intake: see `store.search`. The triggers keep it correct when an indexed
# event is changed or deleted.
SEARCH: Final = """
CREATE VIEW search_source AS
SELECT id, title, CASE WHEN json_valid(body) THEN coalesce((
    SELECT group_concat(atom, char(10)) FROM json_tree(events.body)
    WHERE type IN ('text', 'integer', 'real') AND fullkey != '$.title'), '') ELSE body END AS body
FROM events;

CREATE VIRTUAL TABLE search_text USING fts5 (
    title, body, content = 'search_source', content_rowid = 'id',
    tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TABLE search_mark (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    upto INTEGER NOT NULL                     -- the last event in the index
);
INSERT INTO search_mark VALUES (1, 0);

CREATE TRIGGER search_before_delete BEFORE DELETE ON events WHEN OLD.id <= (SELECT upto FROM search_mark)
BEGIN
    INSERT INTO search_text (search_text, rowid, title, body)
    SELECT 'delete', id, title, body FROM search_source WHERE id = OLD.id;
END;
CREATE TRIGGER search_after_delete AFTER DELETE ON events WHEN OLD.id <= (SELECT upto FROM search_mark)
BEGIN
    UPDATE search_mark SET upto = min(upto, (SELECT coalesce(max(id), 0) FROM events));
END;
CREATE TRIGGER search_before_update BEFORE UPDATE OF title, body ON events
WHEN OLD.id <= (SELECT upto FROM search_mark)
BEGIN
    INSERT INTO search_text (search_text, rowid, title, body)
    SELECT 'delete', id, title, body FROM search_source WHERE id = OLD.id;
END;
CREATE TRIGGER search_after_update AFTER UPDATE OF title, body ON events
WHEN OLD.id <= (SELECT upto FROM search_mark)
BEGIN
    INSERT INTO search_text (rowid, title, body)
    SELECT id, title, body FROM search_source WHERE id = NEW.id;
END;
"""


# An earlier pause has no length: it may last for as long as the wall clock says, up to a day.
PAUSED_FOR: Final = """
ALTER TABLE bots ADD COLUMN paused_for INTEGER NOT NULL DEFAULT 0;  -- us; longest wait until paused_until
ALTER TABLE chats ADD COLUMN paused_for INTEGER NOT NULL DEFAULT 0;
UPDATE bots SET paused_for = 86400000000 WHERE paused_until > 0;
UPDATE chats SET paused_for = 86400000000 WHERE paused_until > 0;
"""

RETENTION: Final = """
CREATE TABLE forgotten (
    intake_key BLOB NOT NULL UNIQUE           -- of a removed event whose file may still be in the spool
);

-- Find old rows, and references to removed rows, without scanning a table.
CREATE INDEX events_taken ON events (taken_at);
CREATE INDEX answers_event ON answers (event) WHERE event IS NOT NULL;
"""

ORDERED: Final = """
ALTER TABLE deliveries ADD COLUMN ordered INTEGER NOT NULL DEFAULT 0;  -- 1: no mode or quiet hours hold it
UPDATE deliveries SET ordered = 1 WHERE reason = 'sent by order of the operator';
"""

EDITS: Final = """
ALTER TABLE answers ADD COLUMN bot INTEGER;         -- of a message: the bot that received it,
ALTER TABLE answers ADD COLUMN chat_id INTEGER;     -- and its chat
ALTER TABLE answers ADD COLUMN message_id INTEGER;
ALTER TABLE answers ADD COLUMN corrects INTEGER;    -- the answer from before an edit of its message
CREATE INDEX answers_message ON answers (chat_id, message_id) WHERE message_id IS NOT NULL;
"""

FALLBACK: Final = """
ALTER TABLE deliveries ADD COLUMN note TEXT;  -- how it differs from what was intended: plainer, elsewhere
"""

# Two producers may use the same task id. An earlier row has no source, and is found by its task alone.
PROGRESS_BY_SOURCE: Final = """
CREATE TABLE progress_by_source (
    id INTEGER PRIMARY KEY,
    bot INTEGER NOT NULL REFERENCES bots(id),
    chat_id INTEGER NOT NULL,
    source TEXT NOT NULL,
    task TEXT NOT NULL,
    message_id INTEGER NOT NULL,              -- the message that is edited while the task runs
    edited_at INTEGER NOT NULL,
    UNIQUE (bot, chat_id, task, source)
);
INSERT INTO progress_by_source
SELECT id, bot, chat_id, '', task, message_id, edited_at FROM progress_messages;
DROP TABLE progress_messages;
ALTER TABLE progress_by_source RENAME TO progress_messages;
"""

TOPICS_USED: Final = """
ALTER TABLE topics ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;  -- to the hour
UPDATE topics SET used_at = created_at;
"""

# Indexes for each status, each tick of `--once` and each card, so that none of them scans a table.
STATUS_INDEXES: Final = """
CREATE INDEX cards_open ON cards (bot, id) WHERE shown = 'open' AND message_id IS NOT NULL;
CREATE INDEX decisions_state ON decisions (state);
"""

# Times of steps that no other column has, for traces (docs/opentelemetry.md).
STEP_TIMES: Final = """
ALTER TABLE events ADD COLUMN read_at INTEGER;            -- when the spool began to read its batch
ALTER TABLE deliveries ADD COLUMN rendering_at INTEGER;   -- when rendering began, null for a notice,
ALTER TABLE deliveries ADD COLUMN rendered_at INTEGER;    -- and when it was done
"""

MIGRATIONS: Final[tuple[str, ...]] = (
    FIRST,
    PROGRESS,
    AUDIT,
    REPEATS,
    CHATS,
    OPERATOR_ACTIONS,
    SEARCH,
    PAUSED_FOR,
    RETENTION,
    ORDERED,
    EDITS,
    FALLBACK,
    PROGRESS_BY_SOURCE,
    TOPICS_USED,
    STATUS_INDEXES,
    STEP_TIMES,
)
VERSION: Final = len(MIGRATIONS)


class NewerStore(Exception):
    """The store was written by a newer CCTelegram; nothing was changed."""

    def __init__(self, path: Path, found: int) -> None:
        super().__init__(
            f"The store {path} has schema version {found}; this CCTelegram supports up to {VERSION}. "
            "Install the newer CCTelegram again, or move the store away to start with an empty one."
        )


class OlderStore(Exception):
    """The store was written by an older CCTelegram, and a reader must not change it."""

    def __init__(self, path: Path, found: int) -> None:
        super().__init__(
            f"The store {path} has schema version {found}; this CCTelegram reads version {VERSION}. "
            "Start the bridge once to migrate the store."
        )


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Check that a store that is only read has `VERSION`.

    Raises:
        NewerStore: it has a version that this program does not know.
        OlderStore: it has an older version.
    """
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found > VERSION:
        raise NewerStore(path, found)
    if found < VERSION:
        raise OlderStore(path, found)


def migrate(connection: sqlite3.Connection, path: Path, upto: int = VERSION) -> int:
    """Migrate the store to `VERSION`, or to the older version `upto`, each step in its own transaction.

    Returns:
        The version it had before: 0 for a new store.

    Raises:
        NewerStore: it has a version that this program does not know.
    """
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found > VERSION:
        raise NewerStore(path, found)
    for number, script in enumerate(MIGRATIONS[found:upto], start=found + 1):
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
    return int(found)
