"""The process as the operating system sees it.

Read from `/proc` where it exists; elsewhere by psutil, which holds a megabyte. What a system does not say is
absent.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cctelegram.monitor import catalogue

if TYPE_CHECKING:
    from cctelegram.monitor.metric import Metric
    from cctelegram.monitor.values import Metrics

PROC: Final = Path("/proc/self")
KIB: Final = 1024


class Process:
    """Measures this process; one instance a process, since it counts garbage collections by a callback."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._started = time.monotonic()
        self._sampled: tuple[float, float] | None = None
        self._collecting = 0.0
        gc.callbacks.append(self._collection)

    def close(self) -> None:
        """Stop counting garbage collections."""
        gc.callbacks.remove(self._collection)

    def measure(self) -> None:
        """Set the metrics of the process, as they are now."""
        metrics, now = self._metrics, time.monotonic()
        times = os.times()
        used = times.user + times.system
        metrics.set(catalogue.CPU, used)
        if self._sampled is not None and now > self._sampled[0]:
            metrics.set(catalogue.CPU_SHARE, (used - self._sampled[1]) / (now - self._sampled[0]))
        self._sampled = now, used
        metrics.set(catalogue.UPTIME, now - self._started)
        metrics.set(catalogue.THREADS, threading.active_count())
        for generation, counted in enumerate(gc.get_stats()):
            metrics.set(catalogue.GC_RUNS, counted["collections"], str(generation))
        (_of_proc if PROC.is_dir() else _of_psutil)(metrics)

    def _collection(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._collecting = time.perf_counter()
        else:
            self._metrics.observe(catalogue.GC_PAUSE, time.perf_counter() - self._collecting)


def _of_proc(metrics: Metrics) -> None:
    """Source of the fields: proc(5)."""
    status = _fields("status")
    _kib(metrics, status, {"VmRSS": catalogue.RESIDENT, "VmSize": catalogue.VIRTUAL, "VmHWM": catalogue.PEAK})
    metrics.set(catalogue.THREADS, _number(status.get("Threads")))
    metrics.set(catalogue.SWITCHES, _number(status.get("voluntary_ctxt_switches")), "voluntary")
    metrics.set(catalogue.SWITCHES, _number(status.get("nonvoluntary_ctxt_switches")), "involuntary")
    pages = _fields("smaps_rollup")
    _kib(metrics, pages, {"Pss": catalogue.PSS})
    private = [_number(pages.get(name)) for name in ("Private_Clean", "Private_Dirty")]
    metrics.set(catalogue.USS, None if None in private else sum(filter(None, private)) * KIB)
    disk = _fields("io")
    metrics.set(catalogue.READ, _number(disk.get("read_bytes")))
    metrics.set(catalogue.WRITTEN, _number(disk.get("write_bytes")))
    metrics.set(catalogue.DESCRIPTORS, _descriptors())
    _of_resource(metrics)
    metrics.set(catalogue.STARTED, _started())


def _of_resource(metrics: Metrics) -> None:
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - Unix alone has it

    used = resource.getrusage(resource.RUSAGE_SELF)
    metrics.set(catalogue.FAULTS, used.ru_minflt, "minor")
    metrics.set(catalogue.FAULTS, used.ru_majflt, "major")
    metrics.set(catalogue.DESCRIPTORS_LIMIT, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _of_psutil(metrics: Metrics) -> None:
    import psutil  # noqa: PLC0415 - as said above

    process = psutil.Process()
    with process.oneshot():
        memory = process.memory_info()
        metrics.set(catalogue.RESIDENT, memory.rss)
        metrics.set(catalogue.VIRTUAL, memory.vms)
        metrics.set(catalogue.PEAK, getattr(memory, "peak_wset", None))
        metrics.set(catalogue.USS, getattr(process.memory_full_info(), "uss", None))
        metrics.set(catalogue.STARTED, process.create_time())
        switches = process.num_ctx_switches()
        metrics.set(catalogue.SWITCHES, switches.voluntary, "voluntary")
        metrics.set(catalogue.SWITCHES, switches.involuntary, "involuntary")
        if sys.platform == "win32":
            metrics.set(catalogue.DESCRIPTORS, process.num_handles())
        else:
            metrics.set(catalogue.DESCRIPTORS, process.num_fds())
    _of_resource(metrics)


def _descriptors() -> int:
    """The directory that is read has a descriptor of its own, which is not counted."""
    return sum(1 for _ in (PROC / "fd").iterdir()) - 1


def _started() -> float | None:
    """Return seconds since the epoch: field 22 of stat, in ticks since the boot, and btime of /proc/stat."""
    if sys.platform == "win32":
        return None
    try:
        ticks = int((PROC / "stat").read_text().rpartition(")")[2].split()[19])
        boot = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime"))
        return int(boot.split()[1]) + ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, StopIteration):
        return None


def _fields(name: str) -> dict[str, str]:
    """Return the lines `key: value` of a file; nothing where it may not be read."""
    try:
        lines = (PROC / name).read_text().splitlines()
    except OSError:
        return {}
    return {key: value.strip() for key, colon, value in (line.partition(":") for line in lines) if colon}


def _kib(metrics: Metrics, fields: dict[str, str], wanted: dict[str, Metric]) -> None:
    for name, metric in wanted.items():
        number = _number(fields.get(name))
        metrics.set(metric, None if number is None else number * KIB)


def _number(text: str | None) -> int | None:
    return None if text is None else int(text.split()[0])
