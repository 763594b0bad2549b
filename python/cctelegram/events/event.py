"""An event after the spool: the producer's fields, repaired where needed, with lane and severity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cctelegram.events import traceparent

if TYPE_CHECKING:
    from collections.abc import Sequence

KNOWN_KEYS = frozenset(
    {
        "type",
        "title",
        "description",
        "source",
        "task_id",
        "event_id",
        "correlation_id",
        "parent_event_id",
        "timestamp",
        "data",
    }
)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event.

    Attributes:
        event_id: Unique in the store; never empty.
        type: As written; not necessarily one of the catalogue.
        title: Never empty; may be longer than a message shows.
        description: "" when absent.
        source: "external" when absent.
        task_id: The event id when absent.
        correlation_id: Links it to its answer, logs and spans.
        parent_event_id: The event it follows from.
        occurred_at: Microseconds since the epoch, UTC.
        lane: One of `lane.Lane`.
        severity: One of `lane.Severity`.
        data: {} when absent or not an object; another value is in `extra["data"]`.
        extra: Top-level keys the protocol does not know, as written.
        warnings: A sentence for each repair.
        traceparent: The W3C trace context that the producer handed on; None when absent or not valid.
    """

    event_id: str
    type: str
    title: str
    description: str
    source: str
    task_id: str
    correlation_id: str | None
    parent_event_id: str | None
    occurred_at: int
    lane: int
    severity: str
    data: dict[str, Any]
    extra: dict[str, Any]
    warnings: tuple[str, ...]
    traceparent: str | None = None


def from_row(row: Sequence[Any]) -> Event:
    """Return the event of a row in the order of `_native.EVENT_COLUMNS`.

    Raises msgspec.DecodeError when the body or the warnings are not JSON, which the spool never writes.
    """
    _, event_id, kind, title, source, task_id, correlation_id, lane, severity, occurred_at = row[:10]
    body, warnings = row[10:]
    written = msgspec.json.decode(body)
    data = written.get("data")
    extra = {key: value for key, value in written.items() if key not in KNOWN_KEYS}
    if traceparent.valid(extra.get(traceparent.KEY)):
        del extra[traceparent.KEY]  # for programs; one that is not valid is shown
    if not isinstance(data, dict):
        if data is not None:
            extra["data"] = data
        data = {}
    return Event(
        event_id=event_id,
        type=kind,
        title=title,
        description=_text(written.get("description")) or "",
        source=source,
        task_id=task_id,
        correlation_id=correlation_id,
        parent_event_id=_text(written.get("parent_event_id")),
        occurred_at=occurred_at,
        lane=lane,
        severity=severity,
        data=data,
        extra=extra,
        warnings=tuple(msgspec.json.decode(warnings)) if warnings else (),
        traceparent=traceparent.of(written),
    )


def _text(value: Any) -> str | None:
    """Return a value of the wrong type as its JSON."""
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
