"""Instants as text: for programs in UTC, for people in their zone."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.times import instant

AT = 1_795_438_925_000_120  # 2026-11-23T13:02:05.000120Z


def test_an_instant_has_a_form_for_each_reader() -> None:
    assert instant.rfc3339(AT) == "2026-11-23T13:02:05.000120Z"
    assert instant.rfc3339_seconds(AT) == "2026-11-23T13:02:05Z"
    assert instant.compact(AT) == "20261123T130205"
    assert instant.moment(AT, ZoneInfo("Europe/Berlin")) == "23 Nov 14:02 CET"
    assert instant.moment(10**20, UTC) == f"{10**20} µs since 1970"


@given(st.integers(0, 4 * 10**15))
def test_what_is_written_for_programs_can_be_read_again(us: int) -> None:
    read = datetime.fromisoformat(instant.rfc3339(us))
    assert round(read.timestamp() * 1_000_000) == us
    assert datetime.fromisoformat(instant.rfc3339_seconds(us)) == read.replace(microsecond=0)
    assert datetime.fromisoformat(f"{instant.compact(us)}Z") == read.replace(microsecond=0)


@given(st.integers(0, 4 * 10**15))
def test_a_terminal_shows_the_clock_of_this_machine(us: int) -> None:
    assert (
        instant.local(us) == f"{datetime.fromtimestamp(us // 1_000_000, UTC).astimezone():%Y-%m-%d %H:%M:%S}"
    )


@pytest.mark.parametrize("module", ["instant", "duration"])
def test_it_loads_nothing_that_costs(module: str) -> None:
    code = f"import sys; from cctelegram.times import {module}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"datetime", "re", "enum"} & set(run.stdout.split())
