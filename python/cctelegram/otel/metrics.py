"""The values of the bridge's /metrics as OTLP metrics, under their OpenTelemetry names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1 import metrics_pb2 as pb

from cctelegram.monitor import catalogue
from cctelegram.otel.encode import attributes, scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opentelemetry.proto.resource.v1.resource_pb2 import Resource

    from cctelegram.monitor.metric import Metric

# Units as UCUM spells them, https://opentelemetry.io/docs/specs/semconv/general/metrics/#instrument-units.
UNITS: Final = {"seconds": "s", "bytes": "By", "ratio": "1", "": "1"}
CUMULATIVE: Final = pb.AGGREGATION_TEMPORALITY_CUMULATIVE

Samples = "Mapping[str, Sequence[Mapping[str, Any]]]"


def request(
    samples: Mapping[str, Sequence[Mapping[str, Any]]], now: int, sender: Resource
) -> tuple[bytes, int]:
    """Return the request that exports a sample, and its number of data points.

    Args:
        samples: as `monitor.exposition.as_json` writes them: by name, the values with their labels.
        now: when the sample was taken, in ns.
    """
    started = samples.get(catalogue.STARTED.name) or [{"value": 0}]
    begin = int(float(started[0]["value"]) * 1e9)
    metrics = [
        _metric(metric, samples[metric.name], begin, now)
        for metric in catalogue.METRICS
        if samples.get(metric.name)
    ]
    content = ExportMetricsServiceRequest(
        resource_metrics=[
            pb.ResourceMetrics(
                resource=sender, scope_metrics=[pb.ScopeMetrics(scope=scope(), metrics=metrics)]
            )
        ]
    )
    return content.SerializeToString(), sum(
        len(samples[metric.name]) for metric in catalogue.METRICS if metric.name in samples
    )


def _metric(metric: Metric, samples: Sequence[Mapping[str, Any]], begin: int, now: int) -> pb.Metric:
    made = pb.Metric(name=metric.otel_name, description=metric.help, unit=UNITS[metric.unit])
    if metric.kind == "histogram":
        made.histogram.aggregation_temporality = CUMULATIVE
        made.histogram.data_points.extend(
            pb.HistogramDataPoint(
                attributes=_labels(metric, each),
                start_time_unix_nano=begin,
                time_unix_nano=now,
                explicit_bounds=metric.buckets,
                bucket_counts=each["counts"],
                count=sum(each["counts"]),
                sum=each["sum"],
            )
            for each in samples
        )
        return made
    points = [
        pb.NumberDataPoint(
            attributes=_labels(metric, each),
            start_time_unix_nano=begin if metric.kind == "counter" else 0,
            time_unix_nano=now,
            **{"as_int" if isinstance(each["value"], int) else "as_double": each["value"]},
        )
        for each in samples
    ]
    if metric.kind == "counter":
        made.sum.aggregation_temporality, made.sum.is_monotonic = CUMULATIVE, True
        made.sum.data_points.extend(points)
    else:
        made.gauge.data_points.extend(points)
    return made


def _labels(metric: Metric, sample: Mapping[str, Any]) -> Any:
    names = [label.name for label in metric.labels]
    return attributes(dict(zip(names, sample["labels"], strict=True)))
