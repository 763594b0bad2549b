"""Lanes and severities; `rust/spool/src/lane.rs` decides which ones an event gets."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Final


class Lane(IntEnum):
    """The priority class of a delivery: the lower number goes first.

    The store holds the number; JSON and the settings hold the name, one of `LANES`.
    """

    DECISIONS = 0
    ALERTS = 1
    ORDINARY = 2
    PROGRESS = 3


class Severity(StrEnum):
    """How bad an event is, the mildest first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


LANES: Final = tuple(lane.name.lower() for lane in Lane)
"""The names of the lanes, by number."""

SEVERITIES: Final = tuple(severity.value for severity in Severity)
"""The names of the severities, the mildest first."""

SERIOUS: Final = (Severity.HIGH, Severity.CRITICAL)


def rank(severity: str) -> int:
    """Return the position of a severity, from 0; an unknown one counts as the mildest."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else 0
