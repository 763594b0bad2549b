"""Marks a test that changes what metrics count; tests/monitor/test_catalogue.py wants one for each metric."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from cctelegram.monitor.metric import Metric

Test = TypeVar("Test", bound="Callable[..., None]")


def drives(*metrics: Metric) -> Callable[[Test], Test]:
    """Mark a test that changes the world and sees these metrics change."""
    assert metrics

    def mark(test: Test) -> Test:
        return test

    return mark
