"""Rates and latencies of the terminal view follow what the bridge counts, over its own exposition."""

from __future__ import annotations

import pytest

from cctelegram.monitor import catalogue, exposition
from cctelegram.monitor.quantile import quantile
from cctelegram.monitor.values import Metrics
from cctelegram.tui import panels
from cctelegram.tui.reading import Reading
from cctelegram.tui.samples import Samples
from cctelegram.tui.window import LENGTH, Window


def scraped(metrics: Metrics) -> Samples:
    return Samples(exposition.scrape(metrics, "")[0].decode())


def begun(at: float = 1000.0) -> Metrics:
    metrics = Metrics()
    metrics.set(catalogue.STARTED, at)
    return metrics


def test_a_value_is_found_by_its_labels_and_is_unknown_before_it_is_measured() -> None:
    metrics = begun()
    metrics.set(catalogue.QUEUED, 3, "alerts")
    metrics.set(catalogue.QUEUED, 4, "ordinary")
    found = scraped(metrics)
    assert found.value(catalogue.QUEUED, "alerts") == 3
    assert found.total(catalogue.QUEUED) == 7
    assert found.largest(catalogue.QUEUED) == 4
    assert found.value(catalogue.QUEUED, "progress") is None
    assert found.total(catalogue.SENT) is None
    assert found.counts(catalogue.DELIVERED) is None


def test_a_rate_is_what_a_counter_grew_in_the_window() -> None:
    metrics, window = begun(), Window()
    metrics.add(catalogue.SENT, 10, "alerts")
    window.add(scraped(metrics), 0)
    assert window.rate(catalogue.SENT) is None, "one scrape says nothing"
    metrics.add(catalogue.SENT, 30, "ordinary")
    window.add(scraped(metrics), 60)
    assert window.rate(catalogue.SENT) == 30
    assert window.rate(catalogue.EDITED) is None, "it was never counted"
    window.add(scraped(metrics), 60 + LENGTH)
    window.add(scraped(metrics), 61 + LENGTH)
    assert window.rate(catalogue.SENT) == 0, "what is older than the window is forgotten"


def test_a_restarted_bridge_begins_a_new_window() -> None:
    metrics, window = begun(), Window()
    metrics.add(catalogue.SENT, 100, "alerts")
    window.add(scraped(metrics), 0)
    again = begun(2000)
    again.add(catalogue.SENT, 1, "alerts")
    window.add(scraped(again), 60)
    assert window.rate(catalogue.SENT) is None
    again.add(catalogue.SENT, 6, "alerts")
    window.add(scraped(again), 120)
    assert window.rate(catalogue.SENT) == 6


def test_the_latency_is_that_of_the_window_or_else_of_the_whole_run() -> None:
    metrics, window = begun(), Window()
    window.add(scraped(metrics), 0)
    assert window.latency() is None
    for value in (0.02, 0.03, 4.0):
        metrics.observe(catalogue.DELIVERED, value, "alerts")
    window.add(scraped(metrics), 10)
    found = window.latency()
    assert found is not None
    counts = [0] * (len(catalogue.DELIVERED.buckets) + 1)
    for value in (0.02, 0.03, 4.0):
        counts[sum(bound < value for bound in catalogue.DELIVERED.buckets)] += 1
    assert found.p99 == pytest.approx(quantile(catalogue.DELIVERED.buckets, counts, 0.99))
    assert (found.deliveries, found.recent) == (3, True)
    window.add(scraped(metrics), 20 + LENGTH)
    window.add(scraped(metrics), 21 + LENGTH)
    late = window.latency()
    assert late is not None
    assert (late.deliveries, late.recent) == (3, False)


def test_memory_is_shown_against_its_budget() -> None:
    metrics = begun()
    metrics.set(catalogue.RESIDENT, 60e6)
    reading = Reading(0.0, {"running": True}, scraped(metrics))
    assert panels.memory(reading, 50e6).plain.startswith("60.0 of 50 MB (120%)")
    assert panels.memory(reading, None).plain == "60.0 MB"
    assert panels.memory(Reading(0.0, {"running": False, "note": "down"}), 50e6).plain == panels.UNKNOWN


def test_what_is_from_outside_is_one_line_without_control_characters() -> None:
    status = {"running": False, "note": "\x1b[2J\nno\u202e [bold]answer[/bold]"}
    shown = panels.health(Reading(0.0, status), 0.0).plain
    assert not {"\x1b", "\n", "\u202e"} & set(shown)
    assert "[bold]answer[/bold]" in shown
