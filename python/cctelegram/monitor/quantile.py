"""Quantiles of a histogram, estimated from its buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def quantile(bounds: Sequence[float], counts: Sequence[int], share: float) -> float | None:
    """Return an estimate of the quantile; None without an observation.

    Interpolates linearly in the bucket that holds it, as Prometheus' histogram_quantile does: the estimate is
    in the right bucket. Above the highest bound it is that bound.

    Args:
        bounds: upper bounds of the buckets, ascending.
        counts: observations by bucket, not cumulative; one more than there are bounds.
        share: in [0, 1].
    """
    rank = share * sum(counts)
    if not any(counts):
        return None
    below, seen = 0.0, 0
    for bound, count in zip(bounds, counts, strict=False):
        if count and seen + count >= rank:
            return min(bound, below + (bound - below) * max(0.0, rank - seen) / count)
        below, seen = bound, seen + count
    return bounds[-1]
