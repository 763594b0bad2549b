"""The policy: what mode, quiet hours and rules do to an event."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.config.rules import Rule
from cctelegram.events.lane import LANES
from cctelegram.policy.judge import (
    JUDGED_BY,
    LOCAL,
    MUTED,
    QUIET,
    RULE_DIGEST,
    PolicyState,
    hold_reason,
    judge,
)
from cctelegram.policy.mode import ModeState
from store.rows import row

ORDINARY: dict[str, Any] = {"lane": 2, "severity": "low", "type": "info_notification"}
FAILED: dict[str, Any] = {"lane": 1, "severity": "high", "type": "build_failed"}
DONE: dict[str, Any] = {"lane": 2, "severity": "low", "type": "task_completion"}
ASKS: dict[str, Any] = {"lane": 0, "severity": "high", "type": "approval_request"}
GRAVE: dict[str, Any] = {"lane": 0, "severity": "critical", "type": "security_alert"}
KINDS = {"ordinary": ORDINARY, "failed": FAILED, "done": DONE, "asks": ASKS, "grave": GRAVE}


def held(policy: PolicyState) -> dict[str, str | None]:
    return {name: judge(policy, row(1, **kind)).reason for name, kind in KINDS.items()}


@pytest.mark.parametrize(
    ("policy", "kept"),
    [
        (PolicyState(), {}),
        (PolicyState("local"), {"ordinary": LOCAL}),
        (PolicyState("muted"), dict.fromkeys(KINDS, MUTED)),
        (PolicyState("muted", "alerts"), dict.fromkeys(KINDS, MUTED)),
        (PolicyState("nomad", "needs_you"), dict.fromkeys(("ordinary", "failed", "done"), QUIET)),
        (PolicyState("local", "needs_you"), dict.fromkeys(("ordinary", "failed", "done"), QUIET)),
        (PolicyState("nomad", "alerts"), dict.fromkeys(("ordinary", "done"), QUIET)),
        (PolicyState("nomad", "nothing"), dict.fromkeys(KINDS, QUIET)),
    ],
)
def test_a_mode_and_quiet_hours_hold_what_they_should(policy: PolicyState, kept: dict[str, str]) -> None:
    assert held(policy) == dict.fromkeys(KINDS) | kept


def test_events_that_need_a_person_arrive_with_sound_at_night() -> None:
    for kind in (ASKS, GRAVE):
        found = judge(PolicyState(quiet="needs_you"), row(1, **kind))
        assert (found.state, found.silent) == ("queued", False)


def test_a_rule_sets_lane_and_sound() -> None:
    rules = {"info_notification": Rule(lane="alerts"), "source:ci": Rule(silent=True)}
    assert judge(PolicyState(rules=rules), row(1, **ORDINARY))[:2] == (1, False)
    assert judge(PolicyState(rules=rules), row(1, **FAILED, source="ci"))[:2] == (1, True)
    assert judge(PolicyState("local", rules=rules), row(1, **ORDINARY)).state == "queued"


def test_only_the_rule_by_type_applies_when_both_match() -> None:
    rules = {"build_failed": Rule(silent=False), "source:ci": Rule(drop=True)}
    assert judge(PolicyState(rules=rules), row(1, **FAILED, source="ci")).state == "queued"
    found = judge(PolicyState(rules=rules), row(1, **DONE, source="ci"))
    assert (found.state, found.reason) == ("dead", 'dropped by [rules."source:ci"]')


def test_a_rule_holds_for_the_digest() -> None:
    rules = {"info_notification": Rule(digest=True)}
    assert held(PolicyState(rules=rules))["ordinary"] == RULE_DIGEST
    assert held(PolicyState("muted", rules=rules))["ordinary"] == MUTED


names = st.sampled_from(["approval_request", "build_failed", "source:test", "source:other"])
built = st.one_of(
    st.builds(Rule, lane=st.none() | st.sampled_from(LANES), silent=st.none() | st.booleans()),
    st.builds(Rule, drop=st.just(value=True)),
    st.builds(Rule, digest=st.just(value=True)),
)
policies = st.builds(
    PolicyState,
    st.sampled_from(["nomad", "local", "muted"]),
    st.sampled_from([None, "needs_you", "alerts", "nothing"]),
    st.dictionaries(names, built),
)


@given(policies)
def test_a_question_is_asked_or_held_and_never_dropped_or_moved(policy: PolicyState) -> None:
    found = judge(policy, row(1, **ASKS))
    assert found.lane == 0
    assert found.state in ("queued", "held")
    assert found.reason in (None, MUTED, QUIET)


@given(policies, st.sampled_from(list(KINDS.values())))
def test_a_held_event_has_a_reason_and_a_queued_one_has_none(
    policy: PolicyState, kind: dict[str, Any]
) -> None:
    found = judge(policy, row(1, **kind))
    assert (found.state == "queued") == (found.reason is None)


@given(policies, st.integers(0, 3), st.sampled_from(["low", "critical"]), st.booleans())
def test_r41_only_replies_to_a_person_are_sent_while_muted(
    policy: PolicyState, lane: int, severity: str, silent: bool
) -> None:
    muted = policy._replace(mode="muted")
    assert hold_reason(muted, lane, severity, silent=silent) == MUTED
    assert hold_reason(muted, lane, None, silent=silent) == (None if lane == 0 else MUTED)


def test_silent_notices_are_sent_at_night() -> None:
    quiet = PolicyState(quiet="needs_you")
    assert hold_reason(quiet, 2, None, silent=True) is None
    assert hold_reason(quiet, 1, None, silent=False) == QUIET
    assert hold_reason(quiet, 2, "low", silent=True) == QUIET
    assert hold_reason(quiet, 0, "low", silent=False) is None


def test_a_timed_mute_restores_the_previous_mode() -> None:
    local = ModeState("nomad").change("local", None, 0)
    hour = local.change("muted", 100, 0)
    assert [hour.at(now) for now in (0, 99, 100)] == ["muted", "muted", "local"]
    longer = hour.change("muted", 500, 50)
    assert [longer.at(now) for now in (100, 499, 500)] == ["muted", "muted", "local"]
    assert hour.change("muted", 500, 200).back == "local"
    assert hour.change("nomad", None, 50) == ModeState("nomad")


@given(
    st.sampled_from(["nomad", "local", "muted"]),
    st.none() | st.integers(0, 2**60),
    st.sampled_from(["local"]),
)
def test_a_mode_that_was_set_is_read_back(mode: str, until: int | None, back: str) -> None:
    for setting in (ModeState(mode), ModeState(mode, until, back)):
        assert ModeState.unpack(setting.pack()) == setting


def test_a_damaged_fact_is_not_a_mode() -> None:
    assert ModeState.unpack(b"{") is None
    assert ModeState.unpack(b"local") == ModeState("local")


@given(
    st.sampled_from(list(KINDS.values())),
    st.sampled_from(("nomad", "local", "muted")),
    st.sampled_from((None, "alerts", "needs_you", "nothing")),
    st.sampled_from(
        ({}, {"build_failed": Rule(digest=True)}, {"source:ci": Rule(lane="alerts", silent=True)})
    ),
)
def test_the_policy_uses_only_the_columns_that_identify_similar_rows(
    kind: dict[str, Any], mode: str, quiet: str | None, rules: dict[str, Rule]
) -> None:
    policy = PolicyState(mode, quiet, rules)
    one, other = row(1, **kind), row(2, **kind, title="Another", body='{"title":"Another","data":{"x":1}}')
    assert JUDGED_BY(one) == JUDGED_BY(other)
    assert judge(policy, one) == judge(policy, other)
