"""How a bench says what it measured: a name, a value with its unit, and the limit it has to keep."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


class Figure(NamedTuple):
    """One measured value; `limit` is None for what is only told."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    at_least: bool = False

    @property
    def ok(self) -> bool:
        """Whether the limit is kept; what is only told always is."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def facts(self) -> dict[str, Any]:
        return {**self._asdict(), "ok": self.ok}


def ratio(name: str, ours: Sequence[float], theirs: Sequence[float], limit: float | None = None) -> Figure:
    """Compare interleaved runs: the median of the ratios of runs that stood beside each other."""
    return Figure(name, statistics.median(map(_divided, ours, theirs)), "x", limit)


def _divided(one: float, other: float) -> float:
    return one / other


def median_us(name: str, seconds: Sequence[float], count: int) -> Figure:
    """The median, in microseconds a file or event."""
    return Figure(name, statistics.median(seconds) / count * 1e6, "us")


def on_disk() -> Path:
    """A folder that git ignores, on the project's disk: that of temporary files may be memory."""
    folder = Path(__file__).parents[1] / "target" / "benches"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def machine() -> dict[str, Any]:
    """Where it was measured."""
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


def table(figures: Iterable[Figure]) -> str:
    """One figure a line; a limit that is broken is marked."""
    lines = []
    for figure in figures:
        limit = ""
        if figure.limit is not None:
            word = "at least" if figure.at_least else "at most"
            limit = f"  {word} {figure.limit:g}" + ("" if figure.ok else "   BROKEN")
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
    raise SystemExit(tell(figures, as_json=given.json, runs=given.runs, machine=machine()))


def tell(figures: Sequence[Figure], *, as_json: bool, **facts: Any) -> int:
    """Print figures as a table, or as JSON with what else is known; give the exit code that they make."""
    if as_json:
        print(json.dumps({**facts, "figures": [figure.facts() for figure in figures]}))
    else:
        print(table(figures))
    return 0 if all(figure.ok for figure in figures) else 1


class Unmeasurable(Exception):
    """Something that the bench needs is not on this machine; the words say what."""
