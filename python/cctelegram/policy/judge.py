"""The judgement of an event by the mode, the quiet hours and the rules, as they are at that moment.

In this order: a rule that drops it; `muted`; a rule that leaves it to the digest; the quiet hours; `local`.
A held delivery keeps the reason in the store, and a digest summarizes it (delivery/modes.py).

A question is asked or held, and never dropped or only summarized by a digest: an agent waits for its answer.
"""

from __future__ import annotations

from operator import itemgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from cctelegram.config import quiet_hours
from cctelegram.config.rules import SOURCE, Rule
from cctelegram.events.lane import LANES, SERIOUS, Lane, Severity
from cctelegram.store import intake
from cctelegram.store.judgement import DROPPED, SILENT_FROM, Judgement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cctelegram.store.intake import Row

NOMAD: Final = "nomad"
LOCAL: Final = "local"
MUTED: Final = "muted"
# The reasons for holding, as the store and `get_delivery` show them; the reason of a mode is its name.
QUIET: Final = "quiet hours"
RULE_DIGEST: Final = "a rule leaves it to the digest"

COMPLETED: Final = ("_completion", "_completed")
NO_RULE: Final = Rule()
# The columns that a judgement depends on: two rows equal in them are judged alike.
JUDGED_BY: Final = itemgetter(intake.TYPE, intake.SOURCE, intake.LANE, intake.SEVERITY)


class PolicyState(NamedTuple):
    """The policy at one moment: the mode, what the quiet hours let through (None: no window), the rules."""

    mode: str = NOMAD
    quiet: str | None = None
    rules: Mapping[str, Rule] = MappingProxyType({})


def judge(policy: PolicyState, row: Row) -> Judgement:
    """Judge an event row (`events.EVENT_COLUMNS`).

    When a rule by type and one by source match, only the one by type counts.
    """
    name, rule = _rule(policy.rules, row)
    is_question = row[intake.TYPE] == intake.QUESTION
    lane, severity = row[intake.LANE], row[intake.SEVERITY]
    if rule.lane is not None and not is_question:
        lane = LANES.index(rule.lane)
    silent = lane >= SILENT_FROM and severity != Severity.CRITICAL if rule.silent is None else rule.silent
    if rule.drop and not is_question:
        return Judgement(lane, silent, "dead", f"{DROPPED} [rules.{name}]")
    if policy.mode == MUTED:
        reason: str | None = MUTED
    elif rule.digest and not is_question:
        reason = RULE_DIGEST
    elif is_quiet(policy.quiet, lane, severity):
        reason = QUIET
    else:
        matters = lane <= Lane.ALERTS or severity in SERIOUS or str(row[intake.TYPE]).endswith(COMPLETED)
        reason = LOCAL if policy.mode == LOCAL and not matters else None
    return Judgement(lane, silent, "queued" if reason is None else "held", reason)


def hold_reason(policy: PolicyState, lane: int, severity: str | None, *, silent: bool) -> str | None:
    """Return the reason to hold a queued delivery when its turn comes, or None.

    Args:
        severity: of its event; None for a notice. Of notices, the answers to a person (the lane of
            decisions) are always sent, and during quiet hours those that make no sound.
    """
    is_notice = severity is None
    if policy.mode == MUTED:
        return None if is_notice and lane == Lane.DECISIONS else MUTED
    if is_notice and (silent or lane == Lane.DECISIONS):
        return None
    return QUIET if is_quiet(policy.quiet, lane, severity) else None


def is_quiet(quiet: str | None, lane: int, severity: str | None) -> bool:
    """Return whether the quiet hours, by what they let through, hold this back."""
    if quiet is None or quiet == quiet_hours.NOTHING:
        return quiet is not None
    return (
        lane > (Lane.ALERTS if quiet == quiet_hours.ALERTS else Lane.DECISIONS)
        and severity != Severity.CRITICAL
    )


def _rule(rules: Mapping[str, Rule], row: Row) -> tuple[str, Rule]:
    if rules:
        kind, source = str(row[intake.TYPE]), f"{SOURCE}{row[intake.SOURCE]}"
        if kind in rules:
            return kind, rules[kind]
        if source in rules:
            return f'"{source}"', rules[source]
    return "", NO_RULE
