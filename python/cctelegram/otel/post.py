"""OTLP over HTTP: one request, and what its answer means.

Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import unquote

import httpx
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from cctelegram import version

if TYPE_CHECKING:
    from collections.abc import Mapping

# Seconds until a request is given up.
TIMEOUT: Final = 10.0
# Status codes with which a collector refuses the content, so that a repeat is refused as well.
REFUSALS: Final = frozenset({400, 413, 422})
RESPONSES: Final[dict[str, tuple[Any, str]]] = {
    "traces": (ExportTraceServiceResponse, "rejected_spans"),
    "metrics": (ExportMetricsServiceResponse, "rejected_data_points"),
    "logs": (ExportLogsServiceResponse, "rejected_log_records"),
}


class Unreachable(Exception):
    """The request may succeed later; the message is a sentence.

    Attributes:
        after: the seconds that the collector asks to wait, or None.
    """

    def __init__(self, sentence: str, after: float | None = None) -> None:
        super().__init__(sentence)
        self.after = after


class Refused(Exception):
    """The collector refuses this content; the message is its reason."""


def headers_of(text: str) -> dict[str, str]:
    """Parse `name=value,name=value`, percent-encoded.

    Raises:
        ValueError: a part of it is no pair; the message does not show it.
    """
    found = {}
    for number, pair in enumerate(filter(str.strip, text.split(",")), start=1):
        name, equals, value = pair.partition("=")
        if not equals or not name.strip().isascii() or not name.strip():
            raise ValueError(f"OTEL_EXPORTER_OTLP_HEADERS: part {number} is not name=value")
        found[name.strip()] = unquote(value.strip())
    return found


class Collector:
    """The connection to one collector.

    Args:
        endpoint: its address, without the path of a signal.
        headers: sent with each request.
    """

    def __init__(self, endpoint: str, headers: Mapping[str, str]) -> None:
        self._endpoint = endpoint
        own = {"content-type": "application/x-protobuf", "user-agent": f"cctelegram/{version()}"}
        self._client = httpx.Client(timeout=TIMEOUT, headers={**headers, **own})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def post(self, signal: str, content: bytes) -> int:
        """Send a request; return how many items of it the collector rejected.

        Args:
            signal: traces, metrics or logs.

        Raises:
            Unreachable: it was not received, or is to be repeated.
            Refused: it was refused for what it contains.
        """
        address = f"{self._endpoint}/v1/{signal}"
        try:
            answer = self._client.post(address, content=content)
        except httpx.HTTPError as error:
            raise Unreachable(f"{address}: {error or type(error).__name__}") from None
        if answer.is_success:
            return _rejected(signal, answer.content)
        said = f"{address} answered {answer.status_code} {answer.reason_phrase}"
        if answer.status_code in REFUSALS:
            raise Refused(said)
        if answer.status_code in (401, 403):
            said += ": check OTEL_EXPORTER_OTLP_HEADERS in .env"
        elif answer.status_code == 404:
            said += ": otel.endpoint is the address without /v1/traces"
        raise Unreachable(said, _seconds(answer.headers.get("retry-after")))


def _rejected(signal: str, content: bytes) -> int:
    message, field = RESPONSES[signal]
    try:
        response: Any = message.FromString(content)
    except Exception:  # noqa: BLE001 - an answer in another form than the specified one says nothing
        return 0
    return int(getattr(response.partial_success, field))


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else max(0.0, float(text))
    except ValueError:
        return None  # a date: the usual wait does
