"""A journey as the spans of one trace.

The ids are made from the event's intake key: whoever exports an event again, exports the same spans.
"""

from __future__ import annotations

import hashlib
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from cctelegram.events import traceparent
from cctelegram.events.catalogue import EVENT_TYPES
from cctelegram.events.lane import LANES
from cctelegram.otel.encode import attributes, nanoseconds, scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opentelemetry.proto.resource.v1.resource_pb2 import Resource

    from cctelegram.otel.journeys import Delivery, Journey

TYPES: Final = frozenset(each.type for each in EVENT_TYPES)
# Flags of a span: the W3C flags, and that the parent is remote, bits 8 and 9 of opentelemetry.proto.trace.v1.
REMOTE: Final = 0x300


class Context(NamedTuple):
    """The ids of an event's root span."""

    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    sampled: bool


def context(intake_key: bytes, given: str | None) -> Context:
    """Return the context of an event: in the trace of its producer, or in one of its own."""
    found = traceparent.parse(given)
    root = _digest(intake_key, "event", 8)
    if found is None:
        return Context(_digest(intake_key, "trace", 16), root, b"", sampled=True)
    trace_id, parent_id, flags = found
    sampled = bool(flags & traceparent.SAMPLED)
    return Context(bytes.fromhex(trace_id), root, bytes.fromhex(parent_id), sampled)


def request(journeys: Iterable[Journey], durable: dict[int, int], sender: Resource) -> tuple[bytes, int]:
    """Return the request that exports journeys, and its number of spans; unsampled traces are left out.

    Args:
        durable: by event, when the transaction that stored it was durable, in us, where that is known.
    """
    spans = list(chain.from_iterable(_trace(each, durable.get(each.event)) for each in journeys))
    content = ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(resource=sender, scope_spans=[ScopeSpans(scope=scope(), spans=spans)])]
    )
    return content.SerializeToString(), len(spans)


def _trace(journey: Journey, durable_at: int | None) -> list[Span]:
    ids = context(journey.intake_key, journey.traceparent)
    if not ids.sampled:
        return []
    steps = list(_steps(journey, durable_at))
    spans = [_span(journey, ids, step) for step in steps]
    known = [journey.taken_at, *(step.end for step in steps)]
    known += [each.sending_at for each in journey.deliveries if each.sending_at is not None]
    begin = min(journey.occurred_at, journey.read_at or journey.taken_at)
    root = Span(
        trace_id=ids.trace_id,
        span_id=ids.span_id,
        parent_span_id=ids.parent_id,
        flags=traceparent.SAMPLED | (REMOTE if ids.parent_id else 0),
        name=f"event {journey.type}" if journey.type in TYPES else "event",
        kind=Span.SPAN_KIND_CONSUMER,
        start_time_unix_nano=nanoseconds(begin),
        end_time_unix_nano=nanoseconds(max(known)),
        attributes=attributes(
            {
                "messaging.system": "cctelegram",
                "messaging.operation.name": "event",
                "messaging.operation.type": "process",
                "messaging.destination.name": "events",
                "messaging.message.id": journey.event_id,
                "messaging.message.conversation_id": journey.correlation_id,
                "cctelegram.event.type": journey.type,
                "cctelegram.event.source": journey.source,
                "cctelegram.event.lane": LANES[journey.lane],
                "cctelegram.event.severity": journey.severity,
                "cctelegram.task.id": journey.task_id,
            }
        ),
        status=_status(journey.deliveries),
    )
    return [root, *spans]


class _Step(NamedTuple):
    """One step; `key` distinguishes those of one name."""

    name: str
    key: int
    begin: int
    end: int
    values: dict[str, Any]
    kind: Span.SpanKind.ValueType = Span.SPAN_KIND_INTERNAL
    events: tuple[tuple[str, int, dict[str, Any]], ...] = ()
    failed: str | None = None


def _steps(journey: Journey, durable_at: int | None) -> Iterator[_Step]:
    """Yield the steps whose begin and end were both recorded."""
    receive = {"messaging.operation.name": "take", "messaging.operation.type": "receive"}
    yield from _step("take", 0, journey.read_at, journey.taken_at, receive)
    yield from _step("store", 0, journey.taken_at, durable_at, {"db.system.name": "sqlite"})
    for delivery in journey.deliveries:
        yield from _delivery(delivery)
    question = journey.question
    if question is not None:
        outcome = {"cctelegram.decision.state": question.state}
        asked = question.opened_at if question.shown_at is None else question.shown_at
        yield from _step("answer", 0, asked, question.closed_at, outcome)
        yield from _step("write answer", 0, question.closed_at, question.written_at, {})


def _delivery(delivery: Delivery) -> Iterator[_Step]:
    values = {
        "cctelegram.delivery.id": delivery.number,
        "cctelegram.delivery.state": delivery.state,
        "cctelegram.delivery.silent": delivery.silent,
        "cctelegram.delivery.merged_into": None if delivery.message == delivery.number else delivery.message,
        "messaging.destination.name": None if delivery.chat_id is None else str(delivery.chat_id),
    }
    # A notice, such as a digest, is rendered when it is made.
    begun = delivery.rendering_at or delivery.sending_at
    rendered = delivery.rendered_at or delivery.sending_at
    yield from _step("wait", delivery.number, delivery.queued_at, begun, values)
    yield from _step("render", delivery.number, delivery.rendering_at, delivery.rendered_at, values)
    parts = [each for each in delivery.parts if each.sent_at is not None]
    requests: list[tuple[str, int, dict[str, Any]]] = []
    if delivery.sending_at is not None:
        requests.append(("request", delivery.sending_at, {}))
    arrivals = [
        ("arrived", each.sent_at, {"messaging.message.id": _text(each.message_id)})
        for each in parts
        if each.sent_at is not None
    ]
    server = urlsplit(delivery.api_base or "")
    sent = {
        **values,
        "messaging.system": "telegram",
        "messaging.operation.name": "sendMessage",
        "messaging.operation.type": "send",
        "messaging.message.id": _text(parts[-1].message_id) if len(parts) == 1 else None,
        "messaging.batch.message_count": len(parts) if len(parts) > 1 else None,
        "server.address": server.hostname,
        "server.port": server.port,
    }
    for step in _step("send", delivery.number, rendered, delivery.sent_at, sent):
        failed = delivery.reason or delivery.state if delivery.failed else None
        yield step._replace(kind=Span.SPAN_KIND_CLIENT, events=(*requests, *arrivals), failed=failed)


def _step(name: str, key: int, begin: int | None, end: int | None, values: dict[str, Any]) -> Iterator[_Step]:
    if begin is not None and end is not None:
        yield _Step(name, key, begin, max(begin, end), values)  # the clock may have been set back


def _span(journey: Journey, ids: Context, step: _Step) -> Span:
    return Span(
        trace_id=ids.trace_id,
        span_id=_digest(journey.intake_key, f"{step.name} {step.key}", 8),
        parent_span_id=ids.span_id,
        flags=traceparent.SAMPLED,
        name=step.name,
        kind=step.kind,
        start_time_unix_nano=nanoseconds(step.begin),
        end_time_unix_nano=nanoseconds(step.end),
        attributes=attributes(step.values),
        events=[
            Span.Event(name=name, time_unix_nano=nanoseconds(at), attributes=attributes(values))
            for name, at, values in step.events
        ],
        status=Status()
        if step.failed is None
        else Status(code=Status.STATUS_CODE_ERROR, message=step.failed),
    )


def _status(deliveries: Iterable[Delivery]) -> Status:
    failed = [each.reason or each.state for each in deliveries if each.failed]
    return Status(code=Status.STATUS_CODE_ERROR, message="; ".join(failed)) if failed else Status()


def _digest(intake_key: bytes, what: str, size: int) -> bytes:
    return hashlib.blake2b(intake_key + what.encode(), digest_size=size).digest()


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
