"""What a metric is: its name, kind, unit, help, bounded labels, and where it is counted.

Names follow https://prometheus.io/docs/practices/naming/: base units, `_total` for counters. A label takes
one of a few values that are known beforehand, so that the number of time series is bounded; any other value
becomes `OTHER`.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Kind = Literal["counter", "gauge", "histogram"]

# The label value that stands for every value that is not listed.
OTHER: Final = "other"


class Label(NamedTuple):
    """A label, and all values that it may take beside `OTHER`, in the order in which they are shown."""

    name: str
    values: tuple[str, ...]


class Metric(NamedTuple):
    """One row of the catalogue.

    Attributes:
        name: the Prometheus name; a counter's ends in `_total`.
        kind: counter, gauge or histogram.
        unit: base unit (`seconds`, `bytes`, `ratio`), empty for a count of things.
        help: one sentence without a final stop: what is counted.
        where: the module that counts it, as a path below `cctelegram/`.
        labels: bounded labels, in the order of the arguments of `Metrics.add`.
        buckets: upper bounds of a histogram's buckets, ascending, without infinity.
    """

    name: str
    kind: Kind
    unit: str
    help: str
    where: str
    labels: tuple[Label, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def group(self) -> str:
        """The first word behind the prefix: `spool` of `cctelegram_spool_files_waiting`."""
        return self.name.removeprefix("cctelegram_").partition("_")[0]

    @property
    def otel_name(self) -> str:
        """The OpenTelemetry name: `cctelegram.spool.files_waiting`; units and `_total` are no part of it.

        Source: https://opentelemetry.io/docs/specs/semconv/general/naming/
        """
        name = self.name.removeprefix("cctelegram_").removesuffix("_total").removesuffix(f"_{self.unit}")
        group, _, rest = name.partition("_")
        return f"cctelegram.{group}.{rest}" if rest else f"cctelegram.{group}"
