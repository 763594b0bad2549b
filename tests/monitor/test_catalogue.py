"""The catalogue: names by Prometheus practice, bounded labels, and a test for every metric."""

from __future__ import annotations

import re
from pathlib import Path

from cctelegram.monitor import catalogue
from cctelegram.monitor.catalogue import METRICS
from cctelegram.monitor.metric import OTHER, Metric
from cctelegram.server import dispatch

TESTS = Path(__file__).parents[1]
PACKAGE = Path(catalogue.__file__).parents[1]
BASE_UNITS = {"", "seconds", "bytes", "ratio"}
CONSTANTS = {value.name: name for name, value in vars(catalogue).items() if isinstance(value, Metric)}


def test_every_name_is_its_own_and_says_kind_and_base_unit() -> None:
    assert len({each.name for each in METRICS}) == len(METRICS)
    assert len({each.otel_name for each in METRICS}) == len(METRICS)
    for each in METRICS:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", each.name), each
        assert each.name.endswith("_total") == (each.kind == "counter"), each
        assert each.unit in BASE_UNITS, each
        assert not each.unit or f"_{each.unit}" in each.name, each
        assert each.help, each
        assert not each.help.endswith("."), each
        assert (each.kind == "histogram") == bool(each.buckets), each
        assert list(each.buckets) == sorted(set(each.buckets)), each


def test_there_are_more_than_the_44_that_were_promised() -> None:
    assert len(METRICS) > 44


def test_every_label_is_bounded() -> None:
    for each in METRICS:
        for label in each.labels:
            assert 0 < len(label.values) < 100, each
            assert OTHER not in label.values, each


def test_every_metric_is_counted_in_the_file_that_it_names() -> None:
    for each in METRICS:
        source = (PACKAGE / each.where).read_text(encoding="utf-8")
        assert f"catalogue.{CONSTANTS[each.name]}" in source, each


def test_the_tools_are_those_of_the_server() -> None:
    assert set(catalogue.TOOL.values) == set(dispatch.FILES)


def test_a_test_drives_each_metric_through_a_known_change() -> None:
    driven = set()
    for file in sorted(TESTS.rglob("test_*.py")):
        for names in re.findall(r"@drives\(([^)]*)\)", file.read_text(encoding="utf-8")):
            driven |= {name.strip().removeprefix("catalogue.") for name in names.split(",") if name.strip()}
    assert set(CONSTANTS.values()) - driven == set()
    assert driven - set(CONSTANTS.values()) == set()
