"""The history: an hour of figures in steps of 10 s and a day in steps of 5 min, in memory of a fixed size.

A step in which nothing was recorded, as while the bridge was down, is a gap: None, never zero. Times are
seconds since the epoch, and an argument of every function.
"""

from __future__ import annotations

import math
import sys
from array import array
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from cctelegram.monitor.series import BY_NAME, SERIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cctelegram.monitor.metric import Metric
    from cctelegram.monitor.values import Metrics

# Seconds of a step, and steps that are kept, by the span that a reader asks for.
SPANS: Final = {"1h": (10, 360), "24h": (300, 288)}
# Observations of one step that a quantile is exact over; of more, the newest count.
OBSERVED: Final = 20_000
# The layout of the file; one of another layout is not read.
LAYOUT: Final = 1
UNKNOWN: Final = math.nan


class Span(NamedTuple):
    """The values of some series; `times` are the beginnings of the steps, oldest first."""

    step: int
    times: list[int]
    values: dict[str, list[float | None]]


class Ring:
    """The last `slots` steps of some series."""

    def __init__(self, step: int, slots: int, names: Sequence[str]) -> None:
        self.step = step
        self.slots = slots
        # The number of the step that each slot holds: its time divided by `step`; -1 for none.
        self._numbers = array("q", [-1]) * slots
        # Seven digits are enough for a plot, and take half the memory.
        self._values = {name: array("f", [UNKNOWN]) * slots for name in names}

    def number(self, at: float) -> int:
        """Return the number of the step that a time belongs to."""
        return int(at // self.step)

    def put(self, at: float, values: Mapping[str, float | None]) -> None:
        """Set the values of the step that `at` belongs to; what is not given is unknown."""
        number = self.number(at)
        slot = number % self.slots
        self._numbers[slot] = number
        for name, kept in self._values.items():
            value = values.get(name)
            kept[slot] = UNKNOWN if value is None else value

    def read(self, names: Iterable[str], now: float) -> Span:
        """Return all steps up to the one that `now` belongs to."""
        last = self.number(now)
        numbers = range(last - self.slots + 1, last + 1)
        slots = [
            number % self.slots if self._numbers[number % self.slots] == number else -1 for number in numbers
        ]
        return Span(
            self.step,
            [number * self.step for number in numbers],
            {name: [_known(self._values[name], slot) for slot in slots] for name in names},
        )

    def packed(self) -> dict[str, object]:
        """Return the content for the file."""
        return {
            "step": self.step,
            "numbers": self._numbers.tobytes(),
            "values": {name: kept.tobytes() for name, kept in self._values.items()},
        }

    def unpack(self, kept: _Kept) -> None:
        """Take the content of a file; series that it lacks stay unknown, others that it has are dropped.

        Raises:
            ValueError: it is not of a ring of this size.
        """
        numbers = array("q", kept.numbers)
        if len(numbers) != self.slots or kept.step != self.step:
            raise ValueError("the ring has another size")
        values = {name: array("f", kept.values[name]) for name in self._values if name in kept.values}
        if any(len(each) != self.slots for each in values.values()):
            raise ValueError("a series has another length")
        self._numbers = numbers
        self._values.update(values)


class _Kept(msgspec.Struct, frozen=True):
    step: int
    numbers: bytes
    values: dict[str, bytes]


class _File(msgspec.Struct, frozen=True):
    layout: int
    order: str
    rings: list[_Kept]


class _Step:
    """The step of a ring that is being recorded: means of readings, and observations."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._sums: dict[str, tuple[float, int]] = {}
        self.observed: dict[str, array[float]] = {}

    def add(self, values: Mapping[str, float | None]) -> dict[str, float | None]:
        """Add readings; return the values of the step so far."""
        for name, value in values.items():
            if value is not None:
                total, count = self._sums.get(name, (0.0, 0))
                self._sums[name] = total + value, count + 1
        found: dict[str, float | None] = {name: total / count for name, (total, count) in self._sums.items()}
        ordered = {name: sorted(observed) for name, observed in self.observed.items()}
        for series in SERIES:
            if series.reading == "quantile":
                found[series.name] = quantile(ordered.get(series.metric.name, []), series.quantile)
        return found


class History:
    """The rings of all series, and the steps that are being recorded."""

    def __init__(self) -> None:
        names = list(BY_NAME)
        self._rings = {span: Ring(*size, names) for span, size in SPANS.items()}
        self._steps: dict[str, _Step] = {}
        # The counters' totals at the last record, with the monotonic time of it.
        self._totals: tuple[float, dict[str, float | None]] | None = None

    def observe(self, metric: Metric, value: float) -> None:
        """Add an observation to the current steps, for the quantiles."""
        for step in self._steps.values():
            kept = step.observed.setdefault(metric.name, array("d"))
            if len(kept) >= OBSERVED:
                del kept[: OBSERVED // 10]
            kept.append(value)

    def record(self, metrics: Metrics, at: float, monotonic: float) -> dict[str, float | None]:
        """Record a sample of all metrics; return the readings.

        Args:
            at: seconds since the epoch.
            monotonic: seconds of a clock that never steps, for rates.
        """
        readings = self._readings(metrics, monotonic)
        for span, ring in self._rings.items():
            number = ring.number(at)
            step = self._steps.get(span)
            if step is None:
                step = self._steps[span] = _Step(number)
            elif step.number != number:
                # What was observed since the last record belongs to the step that ends.
                ring.put(step.number * ring.step, step.add({}))
                step = self._steps[span] = _Step(number)
            ring.put(at, step.add(readings))
        return readings

    def read(self, span: str, names: Iterable[str], now: float) -> Span:
        """Return series over a span.

        Raises:
            ValueError: there is no such span or series; the message lists those there are.
        """
        if span not in SPANS:
            raise ValueError(f"there is no span {span!r}; there are: {', '.join(SPANS)}")
        wanted = list(names) or list(BY_NAME)
        unknown = [name for name in wanted if name not in BY_NAME]
        if unknown:
            raise ValueError(f"there is no series {unknown[0]!r}; there are: {', '.join(BY_NAME)}")
        return self._rings[span].read(wanted, now)

    def pack(self) -> bytes:
        """Return the content of the file: MessagePack, with the arrays as bytes."""
        for span, step in self._steps.items():
            self._rings[span].put(step.number * self._rings[span].step, step.add({}))
        rings = [ring.packed() for ring in self._rings.values()]
        return msgspec.msgpack.encode({"layout": LAYOUT, "order": sys.byteorder, "rings": rings})

    def unpack(self, content: bytes) -> None:
        """Take what `pack` returned, perhaps long ago.

        Raises:
            ValueError: the content is damaged, or was written by another version or kind of machine.
        """
        file = msgspec.msgpack.decode(content, type=_File)
        if (file.layout, file.order) != (LAYOUT, sys.byteorder) or len(file.rings) != len(self._rings):
            raise ValueError("the history was written by another version")
        fresh = History()
        for ring, kept in zip(fresh._rings.values(), file.rings, strict=True):
            ring.unpack(kept)
        self._rings = fresh._rings

    def _readings(self, metrics: Metrics, monotonic: float) -> dict[str, float | None]:
        found = {series.name: series.read(metrics) for series in SERIES if series.reading != "quantile"}
        rates = [series.name for series in SERIES if series.reading == "rate"]
        totals = {name: found[name] for name in rates}
        before, self._totals = self._totals, (monotonic, totals)
        for name in rates:
            found[name] = (
                None if before is None else _rate(before[1][name], totals[name], monotonic - before[0])
            )
        return found


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """Return the smallest value that at least `share` of the values do not exceed; None for no values.

    Always one of the values: the nearest rank, https://en.wikipedia.org/wiki/Percentile.

    Args:
        ordered: the values, ascending.
    """
    if not ordered:
        return None
    # Rounded: in binary fractions 0.07 * 100 is 7.000000000000001.
    rank = math.ceil(round(share * len(ordered), 9))
    return ordered[max(1, rank) - 1]


def _rate(before: float | None, now: float | None, seconds: float) -> float | None:
    """A counter that had no value before had counted nothing; one that fell was counted anew."""
    if now is None or seconds <= 0:
        return None
    grown = now - (before or 0.0)
    return grown / seconds if grown >= 0 else None


def _known(values: array[float], slot: int) -> float | None:
    if slot < 0 or math.isnan(values[slot]):
        return None
    return values[slot]
