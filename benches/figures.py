"""The figures of a bench: name, value, unit and limit, judged in one way.

A limit on time is a limit on a ratio to a reference that is measured in the same run. A ratio has the 95 %
interval of its median: the limit is kept when all of the interval is within it, and broken when none is;
otherwise the verdict is "cannot tell", which is printed and is not a failure. Memory and counts do not depend
on the speed of the machine, and have absolute limits.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


class Figure(NamedTuple):
    """One measured value; `limit` is None for one that is only reported, `low` to `high` is its interval."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    at_least: bool = False
    low: float | None = None
    high: float | None = None

    @property
    def verdict(self) -> str:
        """`kept`, `broken` or `cannot tell`; "" without a limit."""
        if self.limit is None:
            return ""
        ends = [self.value if end is None else end for end in (self.low, self.high)]
        within = [end >= self.limit if self.at_least else end <= self.limit for end in ends]
        return "kept" if all(within) else "cannot tell" if any(within) else "broken"

    @property
    def ok(self) -> bool:
        """Whether the limit is not broken."""
        return self.verdict != "broken"

    def facts(self) -> dict[str, Any]:
        return {**self._asdict(), "ok": self.ok, "verdict": self.verdict}


def ratio(name: str, ours: Sequence[float], theirs: Sequence[float], limit: float | None = None) -> Figure:
    """Return the median of the ratios of interleaved runs, each to its neighbour."""
    return of_ratios(name, [one / other for one, other in zip(ours, theirs, strict=True)], limit)


def of_ratios(name: str, ratios: Sequence[float], limit: float | None = None) -> Figure:
    """Return the median of ratios, with its 95 % interval by rank; of fewer than 6 that is their range."""
    ordered = sorted(ratios)
    rank = max(0, int(len(ordered) / 2 - 0.98 * math.sqrt(len(ordered))))
    return Figure(
        name, statistics.median(ordered), "x", limit, low=ordered[rank], high=ordered[len(ordered) - 1 - rank]
    )


def median_us(name: str, seconds: Sequence[float], count: int) -> Figure:
    """Return the median, in microseconds per file or event."""
    return Figure(name, statistics.median(seconds) / count * 1e6, "us")


def on_disk() -> Path:
    """Return a folder that git ignores, on the project's disk: that of temporary files may be memory."""
    folder = Path(__file__).parents[1] / "target" / "benches"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def machine() -> dict[str, Any]:
    """Return the properties of the machine."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


_MARKS = {
    "kept": "",
    "broken": "   BROKEN",
    "cannot tell": "   CANNOT TELL: {0.low:.2f} to {0.high:.2f}",
}


def table(figures: Iterable[Figure]) -> str:
    """Return one figure per line; a limit that is broken or undecided is marked."""
    lines = []
    for figure in figures:
        limit = ""
        if figure.limit is not None:
            word = "at least" if figure.at_least else "at most"
            limit = f"  {word} {figure.limit:g}" + _MARKS[figure.verdict].format(figure)
        lines.append(f"  {figure.name:<58}{figure.value:>10.2f} {figure.unit:<5}{limit}")
    return "\n".join(lines)


def main(about: str, measure: Callable[[int], list[Figure]], runs: int) -> None:
    """Run a bench from the command line: a table, or JSON.

    Exits with 1 when a limit is broken, with 2 when it cannot run.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=runs, help=f"interleaved runs (default {runs})")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    try:
        figures = measure(given.runs)
    except Unmeasurable as reason:
        print(reason, file=sys.stderr)
        raise SystemExit(2) from None
    if not given.json:
        print(about.splitlines()[0] + "\n")
    raise SystemExit(report(figures, as_json=given.json, runs=given.runs, machine=machine()))


def report(figures: Sequence[Figure], *, as_json: bool, **facts: Any) -> int:
    """Print figures as a table, or as JSON with `facts`; return 1 when a limit is broken, else 0."""
    if as_json:
        print(json.dumps({**facts, "figures": [figure.facts() for figure in figures]}))
    else:
        print(table(figures))
    return 0 if all(figure.ok for figure in figures) else 1


class Unmeasurable(Exception):
    """Something that the bench needs is missing on this machine; the message says what."""
