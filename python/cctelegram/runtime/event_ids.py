"""The ids of many events in the log: each is in a line, and no line grows with their number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Ids of a line; an id has at most 100 characters, so a line of them has at most 7 kB.
TOGETHER: Final = 64


def groups(event_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield the ids in groups that fit into a line."""
    for start in range(0, len(event_ids), TOGETHER):
        yield event_ids[start : start + TOGETHER]


def log_stored(log: Any, event_ids: Sequence[str], traces: dict[str, str]) -> None:
    """Log that events are durable: a line a batch, and the further ids of a large one in lines of their own.

    Args:
        traces: the trace id by event id, of the events that have one.
    """
    for number, group in enumerate(groups(event_ids)):
        named = {event_id: traces[event_id] for event_id in group if event_id in traces} if traces else {}
        traced: dict[str, Any] = {"traces": named} if named else {}
        if number:
            log.info("intake.stored_also", event_ids=group, **traced)
            continue
        if len(event_ids) == 1:  # as all other lines of one event
            traced = {"event_id": group[0], **({"trace": named[group[0]]} if named else {})}
        else:
            traced = {"first": group[0], "last": event_ids[-1], "event_ids": group, **traced}
        log.info("intake.stored", events=len(event_ids), **traced)
