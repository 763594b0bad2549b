"""Counters of the inbox since the start of the process, updated by each take."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from cctelegram.monitor import catalogue

if TYPE_CHECKING:
    from cctelegram import _native
    from cctelegram.monitor.values import Metrics


class Tally:
    """Sums over batches; written by the inbox alone, read through `snapshot`."""

    def __init__(self) -> None:
        self._batches = 0
        self._largest = 0
        self._sums: Counter[str] = Counter()
        self._rejected: Counter[str] = Counter()

    def took(self, batch: _native.Batch) -> None:
        """Add a take; of an empty one, only the listing counts."""
        self._sums.update(batch.counters)
        if len(batch):
            self._batches += 1
            self._sums["events"] += len(batch)
            self._largest = max(self._largest, len(batch))
        self._rejected.update(item.code for item in batch.rejected)

    def failed(self, rejected: list[_native.Rejected]) -> None:
        """Add the events that were rejected because they could not be stored."""
        self._rejected.update(item.code for item in rejected)

    def measure(self, metrics: Metrics) -> None:
        """Set the totals."""
        sums = self._sums
        metrics.set(catalogue.BATCHES, self._batches)
        metrics.set(catalogue.EVENT_BYTES, sums["bytes"])
        metrics.set(catalogue.PARSE, sums["parse_ns"] / 1e9)
        metrics.set(catalogue.TAKE, sums["take_ns"] / 1e9)
        metrics.set(catalogue.REPAIRED, sums["mended"])
        metrics.set(catalogue.UNKNOWN_TYPES, sums["unknown_types"])
        for code, count in self._rejected.items():
            metrics.set(catalogue.REJECTED, count, code)

    def snapshot(self) -> dict[str, Any]:
        """Return the sums: counts, bytes, seconds; `_native.Batch.counters` defines each."""
        sums = self._sums
        return {
            "batches": self._batches,
            "events": sums["events"],
            "largest_batch": self._largest,
            "bytes": sums["bytes"],
            "files_opened": sums["opened"],
            "parse_seconds": sums["parse_ns"] / 1e9,
            "take_seconds": sums["take_ns"] / 1e9,
            "mended": sums["mended"],
            "unknown_types": sums["unknown_types"],
            "listings": sums["listings"],
            "listings_kept": sums["listings_kept"],
            "calls_saved": sums["calls_saved"],
            "rejected": dict(self._rejected),
        }
