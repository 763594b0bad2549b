"""The bridge's log as OTLP log records, each in the trace of its event, and how far it is read."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1 import logs_pb2 as pb

from cctelegram.otel.checkpoint import Mark
from cctelegram.otel.encode import any_value, attributes, nanoseconds, scope
from cctelegram.otel.spans import context

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from opentelemetry.proto.resource.v1.resource_pb2 import Resource

CURRENT: Final = "bridge.jsonl"
ROTATED: Final = "bridge-*.jsonl"
# The most bytes of one batch, and of one line: a longer line is skipped.
BYTES: Final = 256 << 10
SEVERITIES: Final = {
    "debug": pb.SEVERITY_NUMBER_DEBUG,
    "info": pb.SEVERITY_NUMBER_INFO,
    "warning": pb.SEVERITY_NUMBER_WARN,
    "error": pb.SEVERITY_NUMBER_ERROR,
    "critical": pb.SEVERITY_NUMBER_FATAL,
}
# Fields of a line that have a place of their own in a record.
OWN: Final = frozenset({"timestamp", "level", "event", "exception"})
EVENT: Final = """
SELECT intake_key, json_extract(body, '$.traceparent'), json_extract(body, '$.data.traceparent')
FROM events WHERE event_id = ?
"""


class Lines(NamedTuple):
    """Lines of the log, and the position behind them; `more` when others follow."""

    lines: list[bytes]
    mark: Mark
    more: bool


def read(directory: Path, mark: Mark | None) -> Lines | None:
    """Return the complete lines behind a position, at most `BYTES` of them; None without a log.

    A position is an offset in a file that is known by its first line, since rotation renames files. When the
    file of the position was removed, reading continues with the oldest file that is left.
    """
    files = [*sorted(directory.glob(ROTATED)), directory / CURRENT]
    heads = [(file, head) for file in files if (head := _head(file)) is not None]
    if not heads:
        return None
    known = [head for _, head in heads]
    at = known.index(mark.content) if mark is not None and mark.content in known else 0
    offset = mark.number if mark is not None and mark.content in known else 0
    while True:
        file, head = heads[at]
        with file.open("rb") as opened:
            opened.seek(offset)
            data = opened.read(BYTES)
        whole = data.rfind(b"\n") + 1
        last = at == len(heads) - 1
        if whole:
            return Lines(
                data[:whole].splitlines(), Mark(offset + whole, head), more=len(data) == BYTES or not last
            )
        if len(data) == BYTES:
            return Lines([], Mark(offset + BYTES, head), more=True)  # a line that is too long: skip it
        if last:
            return Lines([], Mark(offset, head), more=False)
        at, offset = at + 1, 0


def _head(file: Path) -> bytes | None:
    """Return a digest of the first line, None when there is none yet."""
    try:
        with file.open("rb") as opened:
            line = opened.readline(1024)
    except OSError:
        return None
    return (
        hashlib.blake2b(line, digest_size=16).digest() if line.endswith(b"\n") or len(line) == 1024 else None
    )


class Entry(NamedTuple):
    """A line of the log: when it was written, in us, and its fields."""

    at: int
    fields: dict[str, Any]


def entries(lines: Iterable[bytes], since: int) -> list[Entry]:
    """Return the entries of these lines that were written at `since` (us) or later; skip what is no entry."""
    found = []
    for line in lines:
        try:
            fields = orjson.loads(line)
            at = datetime.fromisoformat(fields["timestamp"])
        except (ValueError, TypeError, KeyError):
            continue
        written = int(at.timestamp()) * 1_000_000 + at.microsecond
        if written >= since:
            found.append(Entry(written, fields))
    return found


def request(connection: sqlite3.Connection, found: Sequence[Entry], sender: Resource) -> bytes:
    """Return the request that exports entries of the log."""
    records = [_record(connection, each) for each in found]
    content: bytes = ExportLogsServiceRequest(
        resource_logs=[
            pb.ResourceLogs(resource=sender, scope_logs=[pb.ScopeLogs(scope=scope(), log_records=records)])
        ]
    ).SerializeToString()
    return content


def _record(connection: sqlite3.Connection, entry: Entry) -> pb.LogRecord:
    fields = entry.fields
    level, key = str(fields.get("level", "")), str(fields.get("event", ""))
    values = {
        name: value if isinstance(value, bool | int | float | str) else orjson.dumps(value).decode()
        for name, value in fields.items()
        if name not in OWN and value is not None
    }
    record = pb.LogRecord(
        time_unix_nano=nanoseconds(entry.at),
        observed_time_unix_nano=nanoseconds(entry.at),
        severity_number=SEVERITIES.get(level, pb.SEVERITY_NUMBER_UNSPECIFIED),
        severity_text=level,
        event_name=key,
        body=any_value(key),
        attributes=attributes({**values, "exception.stacktrace": fields.get("exception")}),
    )
    row = connection.execute(EVENT, (str(fields["event_id"]),)).fetchone() if "event_id" in fields else None
    if row is not None:
        intake_key, *given = row
        ids = context(intake_key, next((each for each in given if isinstance(each, str)), None))
        record.trace_id, record.span_id, record.flags = ids.trace_id, ids.span_id, int(ids.sampled)
    return record
