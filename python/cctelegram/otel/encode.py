"""OTLP messages, by the official protobufs: attributes, and what sends them."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from cctelegram import version
from cctelegram.config import environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NANOSECONDS: Final = 1000
NAME: Final = "cctelegram"


def nanoseconds(microseconds: int) -> int:
    """Return a time of the store as OTLP has it."""
    return microseconds * NANOSECONDS


def scope() -> InstrumentationScope:
    """Return the scope of all that is exported."""
    return InstrumentationScope(name=NAME, version=version())


def resource(home: str) -> Resource:
    """Return what describes the bridge, with what the standard variables of OpenTelemetry add.

    Source: https://opentelemetry.io/docs/specs/otel/resource/sdk/
    """
    host = socket.gethostname()
    named: dict[str, Any] = {
        "service.name": NAME,
        "service.version": version(),
        "service.instance.id": f"{host}:{home}",
        "host.name": host,
    }
    for pair in (environment.get("OTEL_RESOURCE_ATTRIBUTES") or "").split(","):
        name, equals, value = pair.partition("=")
        if equals and name.strip():
            named[name.strip()] = unquote(value.strip())
    named["service.name"] = environment.get("OTEL_SERVICE_NAME") or named["service.name"]
    return Resource(attributes=attributes(named))


def attributes(values: Mapping[str, Any]) -> Iterable[KeyValue]:
    """Return attributes, without those that are None."""
    return [KeyValue(key=name, value=any_value(value)) for name, value in values.items() if value is not None]


def any_value(value: Any) -> AnyValue:
    """Return a value; one that is no text, number or truth value as its text."""
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int) and -(1 << 63) <= value < 1 << 63:
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    return AnyValue(string_value=str(value))
