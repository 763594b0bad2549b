"""The metrics of the process, driven by what it does, and those that a bridge measures of itself."""

from __future__ import annotations

import asyncio
import gc
import mmap
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from cctelegram import version
from cctelegram.daemon.counters import Counters
from cctelegram.daemon.monitoring import Monitoring
from cctelegram.daemon.status import Overview
from cctelegram.monitor import catalogue, process
from cctelegram.monitor.exposition import OPEN_METRICS
from cctelegram.monitor.process import Process
from cctelegram.monitor.values import Metrics
from cctelegram.monitor.window import Windows
from cctelegram.runtime.component import Component
from cctelegram.runtime.problem import Problem
from cctelegram.runtime.signals import Sampled
from contexts import context
from driven import drives
from monitor.scraped import scrape, text
from owned import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from running import RunningBridge

MB = 1_000_000
linux = pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="reads /proc of Linux")


@pytest.fixture
def measured() -> Iterator[tuple[Process, Metrics]]:
    metrics = Metrics()
    measuring = Process(metrics)
    yield measuring, metrics
    measuring.close()


def now(measured: tuple[Process, Metrics], *metrics: Any) -> list[float]:
    """Measure, and return the values of these metrics."""
    measuring, values = measured
    measuring.measure()
    found = [values.value(metric) for metric in metrics]
    assert None not in found, metrics
    return [each for each in found if each is not None]


@linux
@drives(catalogue.RESIDENT, catalogue.PSS, catalogue.USS, catalogue.PEAK, catalogue.VIRTUAL)
def test_memory_grows_by_what_is_touched_and_the_peak_stays(measured: tuple[Process, Metrics]) -> None:
    metrics = (catalogue.RESIDENT, catalogue.PSS, catalogue.USS, catalogue.VIRTUAL, catalogue.PEAK)
    before = now(measured, *metrics)
    with mmap.mmap(-1, 64 * MB) as held:
        for page in range(0, len(held), mmap.PAGESIZE):
            held[page] = 1
        grown = now(measured, *metrics)
    after = now(measured, *metrics)
    for first, most in list(zip(before, grown, strict=True))[:4]:
        assert 60 * MB < most - first < 90 * MB
    for last, most in list(zip(after, grown, strict=True))[:4]:
        assert most - last > 50 * MB
    # The kernel adds up the counts of its processors late.
    assert after[4] >= max(grown[0], before[4]) - 2 * MB, "the peak stays"


@linux
@drives(catalogue.CPU, catalogue.CPU_SHARE, catalogue.UPTIME)
def test_processor_time_grows_with_work_and_not_with_sleep(measured: tuple[Process, Metrics]) -> None:
    used, uptime = now(measured, catalogue.CPU, catalogue.UPTIME)
    time.sleep(0.3)  # what a process at rest does
    after_rest, rest_share, later = now(measured, catalogue.CPU, catalogue.CPU_SHARE, catalogue.UPTIME)
    assert later - uptime >= 0.3
    assert rest_share < 0.5
    until = time.process_time() + 0.3
    while time.process_time() < until:
        pass
    after_work, _ = now(measured, catalogue.CPU, catalogue.CPU_SHARE)
    assert after_work - after_rest >= 0.25
    assert after_rest - used < after_work - after_rest


@linux
@drives(
    catalogue.DESCRIPTORS,
    catalogue.DESCRIPTORS_LIMIT,
    catalogue.THREADS,
    catalogue.SWITCHES,
    catalogue.FAULTS,
)
def test_descriptors_threads_switches_and_faults_are_those_of_the_system(
    measured: tuple[Process, Metrics],
) -> None:
    import resource

    (opened, threads, limit) = now(
        measured, catalogue.DESCRIPTORS, catalogue.THREADS, catalogue.DESCRIPTORS_LIMIT
    )
    assert limit == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    _, values = measured
    switches = values.value(catalogue.SWITCHES, "voluntary") or 0
    faults = values.value(catalogue.FAULTS, "minor") or 0
    assert values.value(catalogue.SWITCHES, "involuntary") is not None
    assert values.value(catalogue.FAULTS, "major") is not None
    ended = threading.Event()
    thread = threading.Thread(target=ended.wait)
    thread.start()
    with Path(os.devnull).open() as _, Path(os.devnull).open() as _, mmap.mmap(-1, 4 * MB) as held:
        for page in range(0, len(held), mmap.PAGESIZE):
            held[page] = 1
        for _ in range(20):
            time.sleep(0.001)  # each is a voluntary switch
        assert now(measured, catalogue.DESCRIPTORS, catalogue.THREADS) == [opened + 2, threads + 1]
    ended.set()
    thread.join()
    assert (values.value(catalogue.SWITCHES, "voluntary") or 0) >= switches + 20
    assert (values.value(catalogue.FAULTS, "minor") or 0) > faults
    assert now(measured, catalogue.DESCRIPTORS) == [opened]


@linux
@drives(catalogue.READ, catalogue.WRITTEN)
def test_bytes_read_from_and_written_to_disks_are_counted(
    measured: tuple[Process, Metrics], tmp_path: Path
) -> None:
    read, written = now(measured, catalogue.READ, catalogue.WRITTEN)
    file = tmp_path / "big"
    with file.open("wb", buffering=0) as out:
        out.write(os.urandom(8 * MB))
        os.fsync(out.fileno())
    later_read, later_written = now(measured, catalogue.READ, catalogue.WRITTEN)
    if later_written == written:
        pytest.skip("the temporary directory is not on a disk")
    assert later_written - written >= 8 * MB
    with file.open("rb", buffering=0) as source:
        os.posix_fadvise(source.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        assert len(source.read()) == 8 * MB
    (last_read,) = now(measured, catalogue.READ)
    assert last_read >= later_read >= read
    if last_read - later_read < 8 * MB:
        pytest.skip("the system kept the file in memory")


@linux
@drives(catalogue.STARTED)
def test_the_start_of_the_process_is_that_of_the_system(measured: tuple[Process, Metrics]) -> None:
    (started,) = now(measured, catalogue.STARTED)
    assert started == pytest.approx(psutil.Process().create_time(), abs=1.5)
    assert started < time.time()


@drives(catalogue.GC_RUNS, catalogue.GC_PAUSE)
def test_garbage_collections_are_counted_and_timed(measured: tuple[Process, Metrics]) -> None:
    measuring, values = measured
    measuring.measure()
    runs = values.value(catalogue.GC_RUNS, "2") or 0
    pauses = values.distribution(catalogue.GC_PAUSE)
    before = 0 if pauses is None else pauses.count
    for _ in range(3):
        gc.collect()
    measuring.measure()
    assert (values.value(catalogue.GC_RUNS, "2") or 0) >= runs + 3
    found = values.distribution(catalogue.GC_PAUSE)
    assert found is not None
    assert found.count >= before + 3
    assert found.sum > 0


def test_where_there_is_no_proc_the_same_is_measured_by_psutil(
    monkeypatch: pytest.MonkeyPatch, measured: tuple[Process, Metrics]
) -> None:
    measuring, by_proc = measured
    measuring.measure()
    monkeypatch.setattr(process, "PROC", Path("/nonexistent"))
    by_psutil = Metrics()
    other = Process(by_psutil)
    other.measure()
    other.close()
    for metric in (catalogue.RESIDENT, catalogue.VIRTUAL, catalogue.DESCRIPTORS, catalogue.STARTED):
        assert by_psutil.value(metric) == pytest.approx(by_proc.value(metric) or -1, rel=0.2, abs=4), metric


class Idle(Component):
    """A component that does nothing, and fails when told."""

    name = "idling"
    sentence: str | None = None

    def problems(self) -> list[Problem]:
        return [] if self.sentence is None else [Problem(self.sentence)]

    @property
    def failing(self) -> bool:
        return self.sentence == "stuck"

    async def _work(self) -> None:
        raise RuntimeError("fails at once")


@drives(catalogue.LOOP_LAG, catalogue.TASKS, catalogue.FAILING, catalogue.SCRAPE, catalogue.HEALTH)
def test_the_loop_its_tasks_failing_components_and_health_are_measured(tmp_path: Path) -> None:
    async def work() -> None:
        store = Store(tmp_path / "state" / "store.db")
        given = context(tmp_path, store)
        part = Idle(given)
        overview = Overview(given, Counters(given.signals, given.metrics), [part])
        monitoring, metrics = Monitoring(given, [part], overview, Windows(given.metrics)), given.metrics

        def health() -> dict[str, float | None]:
            return {state: metrics.value(catalogue.HEALTH, state) for state in ("ok", "degraded", "failing")}

        try:
            assert health() == {"ok": None, "degraded": None, "failing": None}
            await monitoring.sample()
            tasks = metrics.value(catalogue.TASKS) or 0
            assert metrics.value(catalogue.FAILING) == 0
            assert health() == {"ok": 1, "degraded": 0, "failing": 0}
            part.sentence = "slow"
            waiting = asyncio.create_task(asyncio.Event().wait())
            failing = asyncio.create_task(given.supervisor.supervise(part.name, part.run))
            await until(lambda: given.supervisor.problems)
            await monitoring.sample()
            assert metrics.value(catalogue.TASKS) == tasks + 2
            assert metrics.value(catalogue.FAILING) == 1
            assert health() == {"ok": 0, "degraded": 1, "failing": 0}
            part.sentence = "stuck"
            await monitoring.sample()
            assert health() == {"ok": 0, "degraded": 0, "failing": 1}
            assert 0 < (metrics.value(catalogue.SCRAPE) or 0) < 5
            waiting.cancel()
            failing.cancel()
            sampled: list[Sampled] = []
            given.signals.listen(Sampled, sampled.append)
            running = asyncio.create_task(monitoring.run())
            await until(lambda: sampled)
            block(1.3)  # its timer of a second is late
            await until(lambda: metrics.distribution(catalogue.LOOP_LAG))
            running.cancel()
            lag = metrics.distribution(catalogue.LOOP_LAG)
            assert lag is not None
            assert lag.count == 1
            assert 0.1 < lag.sum < 5
            await asyncio.gather(waiting, failing, running, return_exceptions=True)
        finally:
            store.close()

    asyncio.run(work())


def block(seconds: float) -> None:
    """Block the event loop, as a slow step does."""
    time.sleep(seconds)  # the slow step itself


async def until(look: Any) -> None:
    async with asyncio.timeout(30):
        while not look():  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.001)  # another task: nothing to wait at


@drives(catalogue.INFO)
@pytest.mark.parametrize("accept", ["", f"{OPEN_METRICS}; version=1.0.0"])
def test_a_scrape_is_read_by_the_parsers_of_prometheus_with_kinds_help_and_version(
    running: RunningBridge, accept: str
) -> None:
    found = scrape(running, accept)
    families = {family.name: family for family in found.families}
    for metric in catalogue.METRICS:
        name = metric.name.removesuffix("_total").removesuffix("_info")
        family = families.get(name) or families.get(metric.name)
        if family is None:
            continue
        assert family.documentation == metric.help, metric
        kind = "info" if metric is catalogue.INFO and accept else metric.kind
        assert family.type == kind, metric
    (info,) = (
        sample for family in found.families for sample in family.samples if sample.name == catalogue.INFO.name
    )
    assert (info.labels["version"], info.value) == (version(), 1)
    assert len(families) > 60
    content, media_type = text(running, accept)
    assert media_type.startswith(OPEN_METRICS if accept else "text/plain")
    assert content.endswith("# EOF\n") == bool(accept)


def test_a_scrape_without_the_key_is_refused(running: RunningBridge) -> None:
    code, body = running.get("/metrics", key="wrong")
    assert code == 401
    assert b"cctelegram_" not in body
